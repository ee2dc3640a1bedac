package export_test

import "mailerlake/schema/schematest"

// core is what most tests export.
var core = schematest.Core
