// Package page shows an insights.Report as one HTML file that needs nothing else: no network, no script, no font. The name you
// want is Write.
//
// Names of groups, campaigns and others are foreign text. They only ever become text and attribute values, through node, which
// escapes both; control characters and marks that change the direction of writing are removed, and each name stands in a bdi
// element, so that it cannot reorder its surroundings. No name becomes part of an address, a style or a script, and the page's
// own policy (Content-Security-Policy) forbids scripts and anything from elsewhere.
//
// The page is well-formed XML as well. Bars and charts are SVG, since browsers print what SVG draws, and not what is a
// background.
package page
