package mailerlitetest

import (
	"fmt"
	"io"
	"slices"
)

// Tables are the tables of an account that Truth and IDs know.
var Tables = slices.Concat(CoreTables, listTables, activityTables)

// CoreTables are the tables of subscribers and what goes with them.
var CoreTables = []string{"subscriber", "group", "field", "campaign", "group_subscriber"}

var activityTables = []string{"account", "campaign_email", "campaign_activity", "automation", "automation_step",
	"automation_trigger", "automation_activity", "subscriber_activity", "subscriber_field"}

// Truth writes the rows of a table as they are now, one per line, as the API's
// JSON: subscriber (every status, without groups), group, field, campaign and
// automation (as the list shows them), account, or group_subscriber
// ({"group_id","subscriber_id"}).
//
// A webhook is without its secret. The row of a shop begins with "shop_id", that of
// an item with "shop_id" and "order_id" or "cart_id". Where only the key is known, as
// of segment_subscriber, form_subscriber and category_product, it is the row.
//
// Rows that the API nests in another table's row, or lists by another table's
// row, begin with that row's id: campaign_email and campaign_activity with
// "campaign_id", automation_step, automation_trigger and automation_activity
// with "automation_id", subscriber_activity and subscriber_field with
// "subscriber_id". Among these,
//
//   - campaign_activity has "id", "subscriber_id" and, as true or false, in which
//     lists by type a row is: "opened", "clicked", "unsubscribed", "forwarded",
//     "hard_bounced", "soft_bounced", "junk"; its id is "campaign id/id";
//   - automation_activity has the ids "automation id/id", subscriber_activity
//     "subscriber id/log name/id", subscriber_field "subscriber id/field id";
//   - subscriber_field is no list of the API: a row for each field of a
//     subscriber that is not null, its value in "value_text", "value_number" or
//     "value_date", as the field's type says.
//
// Changes to the account wait until it is done. It panics on an unknown table
// and returns the writer's error.
func (a *Account) Truth(table string, w io.Writer) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var err error
	var b []byte
	a.eachRow(table, func(_ string, row func([]byte) []byte) bool {
		b = append(row(b), '\n')
		if len(b) >= 1<<18 {
			_, err = w.Write(b)
			b = b[:0]
		}
		return err == nil
	})
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil {
		return fmt.Errorf("write rows of %s: %w", table, err)
	}
	return nil
}
