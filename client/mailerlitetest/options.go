package mailerlitetest

import "time"

// Options describe an account. The zero value is a valid account: no
// subscribers, groups, campaigns, automations, forms or shops, the eight default
// fields, the time zones and languages that every account has, and the most probable
// behaviour where MailerLite's is not known.
type Options struct {
	Seed         uint64
	Subscribers  int // of all five statuses, on day 0
	Groups       int
	Campaigns    int // sent, draft and ready
	CustomFields int // beyond the eight default ones

	Segments int
	Forms    int // of the three types in turn
	Webhooks int
	Imports  int // with 0, days bring none either
	Shops    int
	Products int // of each shop; default 16, negative is none
	Orders   int // of each shop; default 75, negative is none; a fifth as many carts are open

	Automations int // of day 0
	Recipients  int // of every campaign, as far as there are subscribers; 0 makes up numbers from 1 to 1,500

	Day   int              // days passed, see [Account.Advance]
	Start time.Time        // the account's day 0; default 2 March 2026, 06:00 UTC
	Now   func() time.Time // for rate-limit windows and Date headers only; default time.Now
	Churn float64          // how much a day changes: 1 (the default) touches about 3 % of the subscribers, 0.33 about 1 %

	Key           string // the bearer token that is accepted; empty accepts any but the empty one
	AccountID     string // default "83510"; MailerLite's are digits
	AccountName   string // default "Demo Account"
	BaseURL       string // of links and meta.path; default https://connect.mailerlite.com/api
	RatePerMinute int    // default 120; negative is unlimited (headers still say 120)

	// Limits overrides the page sizes of a list, by path: "/subscribers",
	// "/groups/{id}/subscribers", "/groups", "/fields", "/campaigns", and so on.
	Limits map[string]Limit

	// Latency is how long a request takes before its answer begins, and
	// LatencyPerPart how much longer a batch takes for each of its parts.
	Latency, LatencyPerPart time.Duration

	// Unavailable are the routes that the account's plan does not have, with all
	// below them: "automations", "ecommerce/shops", "campaigns/{id}/reports". An
	// id in place of {id} makes it one row's. They answer UnavailableStatus, by
	// default 403, also in a batch.
	Unavailable       []string
	UnavailableStatus int

	// Where MailerLite's behaviour is not known: what else it may do.

	ClampLimit        bool // a limit above the maximum is lowered instead of refused with 422
	ActiveOnly        bool // /subscribers without filter[status] lists only active ones
	IgnoreInclude     bool // include=groups is ignored on lists
	LegacyNotFound    bool // 404 names the model, as it did until 2025
	NumbersAsStrings  bool // number custom fields are JSON strings, not numbers
	BatchCostPerPart  bool // each part of a batch counts as a request, instead of the batch
	BatchWithoutQuery bool // a query string in the path of a part of a batch is taken as part of the path
	BatchStatus       int  // POST /batch is refused with this status
	NoAccount         bool // there is no route /account
	NoGroup           bool // there is no route /groups/{id}
	NoAccountHeader   bool // x-account_id and x-user_id are missing, as they were until 2024
	PlainJSON         bool // text is UTF-8 with bare slashes, instead of PHP's \u and \/
	UnsentStatus      int  // the report of a campaign that is not sent is refused with this status; default 422
	BareActivityLog   bool // activity logs are without links and meta, as in the documentation
	Gzip              bool // bodies are compressed for clients that accept it
}

// Limit says which page sizes a list accepts, in its parameter limit.
type Limit struct {
	Default int
	Max     int    // the greatest accepted; above it 422, or Max with ClampLimit
	Allowed []int  // if set, the only values accepted; anything else is 422
	refusal string // the message of that; default as for campaigns
}

// Demo returns the options of the demo account as it is on a day, from 0: about
// 2,000 subscribers, 12 groups, 40 campaigns, 8 custom fields and 4 automations, a few
// rows of the other lists, and two shops with about 30 products and 150 orders.
func Demo(day int) Options {
	return Options{
		Seed:         20260302,
		Subscribers:  2000,
		Groups:       12,
		Campaigns:    40,
		CustomFields: 8,
		Automations:  4,
		Day:          day,
		AccountID:    "83510",
		AccountName:  "Kornblume & Söhne",

		Segments: 3,
		Forms:    4,
		Webhooks: 2,
		Imports:  5,
		Shops:    2,
	}
}

var defaultLimits = map[string]Limit{
	"/subscribers":             {Default: 25, Max: 1000},
	"/groups/{id}/subscribers": {Default: 50, Max: 1000},
	"/groups":                  {Default: 250, Max: 1000},
	"/fields":                  {Default: 100, Max: 100},
	"/campaigns":               {Default: 25, Allowed: []int{1, 10, 25, 50, 100}},

	"/segments":                  {Default: 250, Max: 250},
	"/segments/{id}/subscribers": {Default: 50, Max: 1000},
	"/forms/{type}":              {Default: 25, Max: 100},
	"/forms/{id}/subscribers":    {Default: 25, Max: 1000},
	"/webhooks":                  {Default: 50, Max: 100},
	"/subscribers/import":        {Default: 15, Max: 100},

	"/ecommerce/shops":                               {Default: 50, Max: 100},
	"/ecommerce/shops/{id}/products":                 {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/categories":               {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/categories/{id}/products": {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/customers":                {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/orders":                   {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/carts":                    {Default: 100, Max: 100},
	"/ecommerce/shops/{id}/carts/{id}/items":         {Default: 100, Max: 100},

	"/campaigns/{id}/reports/subscriber-activity": {Default: 50, Allowed: []int{10, 25, 50, 100},
		refusal: "The limit must be one of following: 10, 25, 50, 100"},
	"/automations":                   {Default: 10, Max: 100},
	"/automations/{id}/activity":     {Default: 10, Max: 100},
	"/subscribers/{id}/activity-log": {Default: 100, Max: 100},
}

func (o Options) withDefaults() Options {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Churn == 0 {
		o.Churn = 1
	}
	if o.RatePerMinute == 0 {
		o.RatePerMinute = 120
	}
	if o.Products == 0 {
		o.Products = 16
	}
	if o.Orders == 0 {
		o.Orders = 75
	}
	if o.UnavailableStatus == 0 {
		o.UnavailableStatus = 403
	}
	if o.UnsentStatus == 0 {
		o.UnsentStatus = 422
	}
	o.AccountID = orDefault(o.AccountID, "83510")
	o.AccountName = orDefault(o.AccountName, "Demo Account")
	o.BaseURL = orDefault(o.BaseURL, "https://connect.mailerlite.com/api")
	return o
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// limitOf returns the page sizes of a list, given by its path.
func (o *Options) limitOf(path string) Limit {
	if l, ok := o.Limits[path]; ok {
		return l
	}
	return defaultLimits[path]
}
