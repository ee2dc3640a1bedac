package schema_test

import (
	"mailerlake/schema"
	"mailerlake/schema/tables"
)

func init() { schema.Declared = tables.All }
