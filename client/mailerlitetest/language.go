package mailerlitetest

import "strconv"

// allLanguages are all that a campaign may be in, in the recorded order. The ids
// differ from the recorded ones where campaignLanguages say so.
var allLanguages = []*language{
	{27, "ar", "ar", "العربية", "rtl"},
	{34, "ca", "ca", "Català", "ltr"},
	{21, "cz", "cs-CZ", "Český", "ltr"},
	{35, "ch", "ch", "Chinese", "ltr"},
	{16, "dk", "da-DK", "Dansk", "ltr"},
	{9, "de", "de-DE", "Deutsch", "ltr"},
	{15, "ee", "et-EE", "Eesti", "ltr"},
	{4, "en", "en-US", "English", "ltr"},
	{8, "es", "es-ES", "Español", "ltr"},
	{5, "mx", "es-MX", "Español (Latinoamérica)", "ltr"},
	{17, "fi", "fi-FI", "Finnish", "ltr"},
	{6, "fr", "fr-FR", "Français", "ltr"},
	{26, "frq", "fr-CA", "Français (Canada)", "ltr"},
	{36, "he", "he", "(Hebrew) עברית", "rtl"},
	{20, "hr", "hr-HR", "Hrvatski", "ltr"},
	{7, "it", "it-IT", "Italiano", "ltr"},
	{37, "ja", "jpn", "Japanese", "ltr"},
	{14, "lv", "lv-LV", "Latviešu", "ltr"},
	{1, "lt", "lt-LT", "Lietuviškai", "ltr"},
	{32, "hu", "hu-HU", "Magyar", "ltr"},
	{13, "nl", "nl-NL", "Nederlands", "ltr"},
	{28, "no", "nn-NO", "Norsk", "ltr"},
	{33, "pr", "fa-IR", "(Persian) فارسی", "rtl"},
	{2, "pl", "pl-PL", "Polski", "ltr"},
	{18, "pt", "pt-PT", "Português", "ltr"},
	{19, "ptbr", "pt-BR", "Português (Brasil)", "ltr"},
	{23, "ro", "ro-RO", "Română", "ltr"},
	{22, "sl", "sl-SI", "Slovenski", "ltr"},
	{10, "sk", "sk-SK", "Slovensky", "ltr"},
	{11, "se", "sv-SE", "Svenska", "ltr"},
	{25, "tr", "tr-TR", "Türkçe", "ltr"},
	{24, "gr", "el-GR", "Ελληνικά", "ltr"},
	{30, "bg", "bg-BG", "Български", "ltr"},
	{29, "mk", "mk-MK", "Македонски", "ltr"},
	{3, "ru", "ru-RU", "Русский", "ltr"},
	{31, "sr", "sr-Cyrl", "Српски", "ltr"},
	{12, "ua", "uk-UA", "Українська", "ltr"}}

var languageAttributes = declare(
	textAttribute("id", func(l *language) string { return strconv.Itoa(l.id) }),
	textAttribute("shortcode", func(l *language) string { return l.shortcode }),
	textAttribute("iso639", func(l *language) string { return l.iso }),
	textAttribute("name", func(l *language) string { return l.name }),
	textAttribute("direction", func(l *language) string { return l.direction }),
)

func (a *Account) listLanguages(b []byte, _ query, _ string) (int, []byte) {
	return unpaged(a, b, languageAttributes, allLanguages)
}
