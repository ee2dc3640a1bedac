package mailerlitetest

type accountAttribute = attribute[*Account]

// accountAttributes are those of the one row of the table account.
var accountAttributes = declare(
	accountText("id", func(a *Account) string { return a.opt.AccountID }),
	accountText("name", func(a *Account) string { return a.opt.AccountName }),
	accountText("sender_name", func(a *Account) string { return a.opt.AccountName }),
	accountText("sender_email", func(*Account) string { return "news@example.com" }),
	accountText("status", func(*Account) string { return "active" }),
	accountAttribute{name: "created_at", append: func(b []byte, _ *Account, _ *Account, _ view) []byte { return appendStamp(b, idEpoch) }},
	accountAttribute{name: "updated_at", append: func(b []byte, _ *Account, a *Account, _ view) []byte {
		weeks := stamp(a.day / 7) // somebody looks after the settings every seventh day
		return appendStamp(b, stampOf(a.opt.Start)+weeks*7*secondsPerDay)
	}},
	accountAttribute{name: "domain_auth", append: func(b []byte, _ *Account, a *Account, _ view) []byte {
		return appendBool(b, a.day/7%2 == 0)
	}},
)

func accountText(name string, of func(*Account) string) accountAttribute {
	return accountAttribute{name: name, append: func(b []byte, a *Account, _ *Account, _ view) []byte { return a.appendText(b, of(a)) }}
}

func (a *Account) appendAccount(b []byte) []byte {
	return appendRow(b, a, accountAttributes, a, a.patch, view{})
}

func (a *Account) getAccount(b []byte, _ query, _ string) (int, []byte) {
	return single(b, a.appendAccount)
}

func (a *Account) onAccount(id string, f func()) bool {
	if id != a.opt.AccountID {
		return false
	}
	a.change(f)
	return true
}
