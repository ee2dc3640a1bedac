package mailerlitetest

import "strconv"

var formAttributes = declare(
	idAttribute("id", func(f *form) uint64 { return f.id }),
	accountIDAttribute[*form](),
	textAttribute("type", func(f *form) string { return f.kind }),
	textAttribute("slug", func(f *form) string { return f.slug }),
	textAttribute("name", func(f *form) string { return f.name }),
	timeAttribute("created_at", func(f *form) stamp { return f.created }),
	countAttribute("conversions_count", func(f *form) int { return f.conversions }),
	countAttribute("opens_count", func(f *form) int { return f.opens }),
	rateAttribute("conversion_rate", func(f *form) (int, int) { return f.conversions, f.opens }),
	countAttribute("conversions_count_including_children", func(f *form) int { return f.conversions }),
	countAttribute("opens_count_including_children", func(f *form) int { return f.opens }),
	rateAttribute("conversion_rate_including_children", func(f *form) (int, int) { return f.conversions, f.opens }),
	attribute[*form]{name: "settings", append: appendFormSettings},
	isoAttribute("last_registration_at", func(f *form) stamp { return f.registered }),
	flagAttribute("active", func(f *form) bool { return f.active }),
	rawAttribute[*form]("is_broken", "false"),
	rawAttribute[*form]("warning_messages", "[]"),
	flagAttribute("has_content", func(f *form) bool { return !f.empty }),
	rawAttribute[*form]("can_choose_template", "false"),
	rawAttribute[*form]("can", `{"update":true}`),
	rawAttribute[*form]("used_in_automations", "false"),
	rawAttribute[*form]("warnings", "[]"),
	attribute[*form]{name: "double_optin", append: func(b []byte, _ *Account, f *form, _ view) []byte {
		if f.settings == formNone {
			return append(b, "null"...)
		}
		return appendBool(b, f.doubleOptin())
	}},
	attribute[*form]{name: "screenshot_url", append: func(b []byte, a *Account, f *form, _ view) []byte {
		if f.empty {
			return append(b, "null"...)
		}
		return a.appendText(b, "https://screenshots.example.com/forms/"+digits(f.id)+"/1284x1284.png")
	}},
	attribute[*form]{name: "has_missing_groups", append: func(b []byte, a *Account, f *form, _ view) []byte {
		return appendBool(b, len(a.liveGroups(f.groups)) == 0)
	}},
	attribute[*form]{name: "groups", append: func(b []byte, a *Account, f *form, _ view) []byte {
		b = append(b, '[')
		for i, g := range a.liveGroups(f.groups) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, g.json...)
		}
		return append(b, ']')
	}},
	rawAttribute[*form]("has_split_tests", "false"),
	rawAttribute[*form]("split_test_finished", "false"),
	rawAttribute[*form]("split_test_enabled", "false"),
	rawAttribute[*form]("split_percentage", "0"),
	rawAttribute[*form]("is_split_test_winner", "false"),
	rawAttribute[*form]("children", "[]"),
	rawAttribute[*form]("parent_id", "null"),
	rawAttribute[*form]("original_name", "null"),
	rawAttribute[*form]("analytics_reset_at", "null"),
	rawAttribute[*form]("uses_survey", "false"),
	rawAttribute[*form]("uses_new_builder", "false"),
)

func (f *form) doubleOptin() bool { return f.settings != formFullText }

func appendFormSettings(b []byte, _ *Account, f *form, _ view) []byte {
	if f.settings == formNone {
		return append(b, "[]"...)
	}
	b = appendBool(append(b, `{"double_optin":`...), f.doubleOptin())
	if f.settings == formShort {
		return append(b, '}')
	}
	b = strconv.AppendUint(append(b, `,"groot_id":`...), 3_000_000+mix(f.id)%20_000_000, 10)
	b = append(b, `,"form_type":"popup","triggers":["timeout"],"timeout_seconds":5,"scroll_percentage":50,"frequency":1,`...)
	b = append(b, `"frequency_unit":"months","visibility":"always","url_list":[],"url_list_strict":null,"hide_on":[],"schedule":`...)
	if f.settings == formFullText {
		return append(b, `"no"}`...)
	}
	return append(b, `false,"needs_content_refresh":false}`...)
}

// liveGroups returns those of some groups that have not been deleted.
func (a *Account) liveGroups(groups []*group) []*group {
	var live []*group
	for _, g := range groups {
		if a.findGroup(g.id) == g {
			live = append(live, g)
		}
	}
	return live
}
