package insights

import "time"

// Report is the figures of one snapshot of a dataset.
type Report struct {
	Account     string    `json:"account"` // its id
	AccountName string    `json:"account_name"`
	Snapshot    int64     `json:"snapshot"`
	CommittedAt time.Time `json:"committed_at"`
	// ReadAt is when the scan of the subscribers began.
	ReadAt time.Time `json:"read_at"`
	// AsOf is what ages are counted from: the last change that the account itself dates, at most ReadAt.
	AsOf time.Time `json:"as_of"`

	Subscribers Subscribers `json:"subscribers"`
	Growth      Growth      `json:"growth"`
	Sources     Ranking     `json:"sources"`
	Domains     Ranking     `json:"domains"`
	Groups      Groups      `json:"groups"`
	Campaigns   Campaigns   `json:"campaigns"`
	Ages        Ages        `json:"ages"`
	Recency     Recency     `json:"recency"`
	Automations Automations `json:"automations"`
	Revenue     Revenue     `json:"revenue"`
	Runs        Runs        `json:"runs"`
	// Notes say what a reader should know about the quality of the data, a sentence each.
	Notes []string `json:"notes"`
}

// Section is what all sections have.
type Section struct {
	// Absent says, in a sentence, why the section has no figures; empty if it has.
	Absent string `json:"absent,omitempty"`
}

// Count is how many rows have a value.
type Count struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// Audience is a number of subscribers and how they read.
type Audience struct {
	Subscribers int64    `json:"subscribers"`
	Active      int64    `json:"active"`
	Sent        int64    `json:"sent"` // e-mails
	OpenRate    *float64 `json:"open_rate,omitzero"`
	ClickRate   *float64 `json:"click_rate,omitzero"`
}

// Subscribers counts the subscribers by status.
type Subscribers struct {
	Section
	Audience
	Statuses []Count `json:"statuses"` // most first
}

// Growth counts by month who joined and who unsubscribed. A person who has not confirmed yet, or who was deleted from the account, is
// in neither.
type Growth struct {
	Section
	// Earlier is what was before the first of Months.
	Earlier Flow        `json:"earlier"`
	Months  []MonthFlow `json:"months"` // without gaps, up to the month of AsOf
	Undated int64       `json:"undated"`
}

// Flow is how many subscribers came and went.
type Flow struct {
	Joined       int64 `json:"joined"`
	Unsubscribed int64 `json:"unsubscribed"`
}

// MonthFlow is the flow of a month.
type MonthFlow struct {
	Month Month `json:"month"`
	Flow
}

// Ranking is subscribers by a value such as the domain of their address.
type Ranking struct {
	Section
	Top []Ranked `json:"top"` // most subscribers first
	// Others are the subscribers of all values that are not in Top, those without a value among them.
	Others int64 `json:"others"`
	// Values is the number of different values; 0 if there were more than could be told apart, and then Error is the most
	// that a number in Top can be too low by.
	Values int64 `json:"values"`
	Error  int64 `json:"error"`
}

// Ranked is one value of a ranking.
type Ranked struct {
	Name string `json:"name"`
	Audience
}

// Groups are the largest groups.
type Groups struct {
	Section
	Groups int64 `json:"groups"`
	// Members is the number of memberships, and Grouped that of the subscribers who have one; nil if memberships are not in
	// the dataset.
	Members *int64  `json:"members,omitzero"`
	Grouped *int64  `json:"grouped,omitzero"`
	Top     []Group `json:"top"` // most active members first
}

// Group is one group.
type Group struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Active       int64    `json:"active"`
	Unsubscribed int64    `json:"unsubscribed"`
	Sent         int64    `json:"sent"`
	OpenRate     *float64 `json:"open_rate,omitzero"`
	ClickRate    *float64 `json:"click_rate,omitzero"`
}

// Campaigns are the campaigns that were sent.
type Campaigns struct {
	Section
	Sent   int64           `json:"sent"`   // campaigns
	Unsent int64           `json:"unsent"` // drafts, and campaigns that are ready
	Total  Sending         `json:"total"`
	Months []MonthSending  `json:"months"` // with campaigns
	Recent []CampaignFacts `json:"recent"` // newest first
	// Best have the greatest open rates among the campaigns with Floor recipients or more.
	Best  []CampaignFacts `json:"best"`
	Floor int64           `json:"floor"`
}

// Sending is what was sent and what recipients did.
type Sending struct {
	Sent         int64    `json:"sent"` // e-mails
	Opened       int64    `json:"opened"`
	Clicked      int64    `json:"clicked"`
	Unsubscribed int64    `json:"unsubscribed"`
	OpenRate     *float64 `json:"open_rate,omitzero"`
	ClickRate    *float64 `json:"click_rate,omitzero"`
}

// MonthSending is what was sent in a month.
type MonthSending struct {
	Month     Month `json:"month"`
	Campaigns int64 `json:"campaigns"`
	Sending
}

// CampaignFacts are the figures of one campaign.
type CampaignFacts struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	At   time.Time `json:"at,omitzero"` // when sending began
	Sending
}

// Ages are the active subscribers by how long they have been subscribed.
type Ages struct {
	Section
	Steps   []AgeStep `json:"steps"` // youngest first
	Undated int64     `json:"undated"`
}

// AgeStep is the active subscribers of an age in days, from From up to before Until; Until 0 has no end.
type AgeStep struct {
	From  int `json:"from_days"`
	Until int `json:"until_days"`
	Audience
	// Silent never opened one of the e-mails that were sent to them; nil if that is not known.
	Silent *int64 `json:"never_opened,omitzero"`
}

// Recency is the active subscribers by when the last campaign that they opened was sent.
type Recency struct {
	Section
	Steps []RecencyStep `json:"steps"` // most recent first
	// Never opened a campaign that was sent to them; Unsent are those to whom none was sent.
	Never  int64 `json:"never"`
	Unsent int64 `json:"unsent"`
	// Followed is the number of active subscribers that the other numbers are of: all, or if Sampled an even sample.
	Followed int64 `json:"followed"`
	Sampled  bool  `json:"sampled"`
}

// RecencyStep is the subscribers whose last opened campaign is of an age in days.
type RecencyStep struct {
	From        int   `json:"from_days"`
	Until       int   `json:"until_days"`
	Subscribers int64 `json:"subscribers"`
}

// Automations are the automations that sent most.
type Automations struct {
	Section
	Automations int64        `json:"automations"`
	Enabled     int64        `json:"enabled"`
	Top         []Automation `json:"top"`
}

// Automation is one automation. Its rates are those that MailerLite gives: it does not count recipients who opened.
type Automation struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Enabled      bool     `json:"enabled"`
	Emails       int64    `json:"emails"`
	Completed    int64    `json:"completed"`
	Queued       int64    `json:"queued"`
	Sent         int64    `json:"sent"`
	Unsubscribed int64    `json:"unsubscribed"`
	OpenRate     *float64 `json:"open_rate,omitzero"`
	ClickRate    *float64 `json:"click_rate,omitzero"`
}

// Revenue is the complete orders of the shops by currency.
type Revenue struct {
	Section
	Shops      int64      `json:"shops"`
	Pending    int64      `json:"pending"` // orders that are not complete
	Currencies []Currency `json:"currencies"`
}

// Currency is the complete orders in one currency.
type Currency struct {
	Currency string       `json:"currency"` // ISO 4217; empty if it is not known
	Orders   int64        `json:"orders"`
	Total    float64      `json:"total"`
	Months   []MonthSales `json:"months"` // without gaps, up to the month of AsOf
}

// MonthSales is the complete orders of a month.
type MonthSales struct {
	Month  Month   `json:"month"`
	Orders int64   `json:"orders"`
	Total  float64 `json:"total"`
}

// Runs are the last runs that changed rows, newest first.
type Runs struct {
	Section
	Last []Run `json:"last"`
}

// Run is what one run changed.
type Run struct {
	Snapshot int64     `json:"snapshot"`
	At       time.Time `json:"at"`
	Changes
	Tables []TableChanges `json:"tables"` // that changed, by name
}

// Changes are numbers of changed rows.
type Changes struct {
	Added   int64 `json:"added"`
	Changed int64 `json:"changed"`
	Deleted int64 `json:"deleted"`
}

// TableChanges is what a run changed in one table.
type TableChanges struct {
	Table string `json:"table"`
	Changes
}
