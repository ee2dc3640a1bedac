package mailerlitetest

import (
	"fmt"
	"io"
	"slices"
)

// Tables are the tables of an account that Truth and IDs know.
var Tables = slices.Concat(CoreTables, listTables)

// CoreTables are the tables of subscribers and what goes with them.
var CoreTables = []string{"subscriber", "group", "field", "campaign", "group_subscriber"}

// Truth writes the rows of a table as they are now, one per line, as the API's
// JSON: subscriber (every status, without groups), group, field, campaign (as
// the list shows it) or group_subscriber ({"group_id","subscriber_id"}). Rows
// of the other tables are as their lists show them, but a webhook is without its
// secret, and the row of a shop begins with "shop_id", that of an item with
// "shop_id" and "order_id" or "cart_id". Where only the key is known, as of
// segment_subscriber, form_subscriber and category_product, it is the row.
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
