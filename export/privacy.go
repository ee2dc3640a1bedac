package export

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailerlake/export/dataset"
	"mailerlake/export/pagelog"
	"mailerlake/schema"
)

// MinHashKey is the least length of a key for hashing, in bytes.
const MinHashKey = 16

// Privacy says which columns, each "table.column", are kept off the disk: out of parts, page logs and everything else.
// The manifest records it, and every run has to keep to it until the dataset is rewritten.
type Privacy struct {
	Drop []string // left out
	Hash []string // replaced by tokens, see schema.Token
	Key  []byte   // for the tokens; never written
}

// Check finds what is wrong without looking at the dataset, which may have more columns than are declared. Its errors
// are mistakes of the user.
func (p Privacy) Check(catalog *schema.Catalog) error {
	if len(p.Hash) > 0 && len(p.Key) < MinHashKey {
		return fmt.Errorf("hashing needs a key of at least %d bytes", MinHashKey)
	}
	any := func(table string) (columns []string) {
		for _, entry := range slices.Concat(p.Drop, p.Hash) {
			if t, column, _ := strings.Cut(entry, "."); t == table {
				columns = append(columns, column)
			}
		}
		return columns
	}
	_, err := p.apply(catalog, any)
	return err
}

// apply returns the protected catalog. known returns the columns of a table that exist without being declared.
func (p Privacy) apply(catalog *schema.Catalog, known func(table string) []string) (*schema.Catalog, error) {
	by := map[string]schema.Protection{}
	for i, entry := range slices.Concat(p.Drop, p.Hash) {
		table, column, _ := strings.Cut(entry, ".")
		if table == "" || column == "" {
			return nil, &schema.ProtectionError{Column: fmt.Sprintf("%q", entry), Why: "write it as table.column"}
		}
		protection := by[table]
		if i < len(p.Drop) {
			protection.Drop = append(protection.Drop, column)
		} else {
			protection.Hash = append(protection.Hash, column)
		}
		protection.Key, protection.Known = p.Key, known(table)
		by[table] = protection
	}
	return catalog.Protect(by)
}

// protect returns the protected catalog, and what a manifest records about the protection. m is the dataset's manifest,
// nil if there is none yet.
func (p Privacy) protect(catalog *schema.Catalog, m *dataset.Manifest) (*schema.Catalog, *dataset.Privacy, error) {
	if err := p.Check(catalog); err != nil {
		return nil, nil, err
	}
	protected, err := p.apply(catalog, func(table string) []string { return knownColumns(m, table) })
	if err != nil {
		return nil, nil, err
	}
	return protected, recorded(protected.Tables()), nil
}

// knownColumns returns the columns that a dataset has, and those that are kept out of it.
func knownColumns(m *dataset.Manifest, table string) []string {
	if m == nil {
		return nil
	}
	names := m.Privacy.Columns(table)
	if state := m.Table(table); state != nil {
		for _, c := range state.Columns {
			names = append(names, c.Name)
		}
	}
	return names
}

// recorded returns what a manifest records about the protection of tables, nil if none is protected.
func recorded(tables []*schema.Table) *dataset.Privacy {
	p := &dataset.Privacy{}
	for _, t := range tables {
		drop, hash, check := t.Protected()
		for _, name := range drop {
			p.Drop = append(p.Drop, t.Name+"."+name)
		}
		for _, name := range hash {
			p.Hash = append(p.Hash, t.Name+"."+name)
			p.KeyCheck = check
		}
	}
	if len(p.Drop)+len(p.Hash) == 0 {
		return nil
	}
	slices.Sort(p.Drop)
	slices.Sort(p.Hash)
	return p
}

// PrivacyError says that a run would drop or hash other columns than the dataset was exported with.
type PrivacyError struct {
	Differs []string // what is not as it was, in words
	Before  *dataset.Privacy
}

func (e *PrivacyError) Error() string {
	return fmt.Sprintf("the dataset was exported with different --drop or --hash: %s; give %s as before, or rewrite every table with mailerlake export --rewrite",
		strings.Join(e.Differs, ", "), flagsOf(e.Before))
}

// flagsOf returns the flags for a privacy, in words if there are none.
func flagsOf(p *dataset.Privacy) string {
	switch {
	case p == nil:
		return "neither"
	case len(p.Hash) == 0:
		return "--drop " + strings.Join(p.Drop, ",")
	case len(p.Drop) == 0:
		return "--hash " + strings.Join(p.Hash, ",")
	}
	return "--drop " + strings.Join(p.Drop, ",") + " --hash " + strings.Join(p.Hash, ",")
}

// checkPrivacy refuses a privacy that differs from the dataset's.
func checkPrivacy(m *dataset.Manifest, now *dataset.Privacy) error {
	if differs := differences(m.Privacy, now); len(differs) > 0 {
		return &PrivacyError{differs, m.Privacy}
	}
	return nil
}

// differences says what differs, column by column.
func differences(was, is *dataset.Privacy) (differs []string) {
	before, now := treatments(was), treatments(is)
	all := maps.Clone(before)
	maps.Copy(all, now)
	for _, column := range slices.Sorted(maps.Keys(all)) {
		if b, n := before[column], now[column]; b != n {
			differs = append(differs, fmt.Sprintf("%s was %s and is now %s", column, orKept(b), orKept(n)))
		}
	}
	if was != nil && is != nil && was.KeyCheck != "" && is.KeyCheck != "" && was.KeyCheck != is.KeyCheck {
		differs = append(differs, "the key for --hash is a different one")
	}
	return differs
}

// treatments returns how each protected column is treated.
func treatments(p *dataset.Privacy) map[string]string {
	treatments := map[string]string{}
	if p != nil {
		for _, column := range p.Drop {
			treatments[column] = "dropped"
		}
		for _, column := range p.Hash {
			treatments[column] = "hashed"
		}
	}
	return treatments
}

func orKept(treatment string) string {
	if treatment == "" {
		return "kept"
	}
	return treatment
}

// purge removes all page logs if one of them was made with different protection, since that log may hold what is
// protected now. It reports whether it did.
func purge(ctx context.Context, logs *pagelog.Store, catalog *schema.Catalog) (purged bool, err error) {
	tables, err := logs.Tables()
	if err != nil || !slices.ContainsFunc(tables, func(name string) bool { return !isProtected(ctx, logs, catalog.Lookup(name)) }) {
		return false, err
	}
	if err := logs.Clear(); err != nil {
		return false, fmt.Errorf("remove unprotected page logs: %w", err)
	}
	return true, nil
}

// isProtected reports whether the page log of a table holds nothing that is protected now. A nil table is one that the
// catalog does not have.
func isProtected(ctx context.Context, logs *pagelog.Store, t *schema.Table) bool {
	if t == nil {
		return false
	}
	log, err := logs.Open(ctx, t.Name, pagelog.ShapeOf(t))
	if err != nil {
		return false
	}
	defer log.Close()
	return log.Header.Source == t.Fingerprint()
}

// warnUnmet warns about protected custom fields that the account does not have: their names may be misspelt.
func (r *run) warnUnmet(ctx context.Context) {
	for _, t := range r.due() {
		if t.err != nil || t.Open == nil {
			continue
		}
		kinds, err := r.tables.definedKinds(ctx, t)
		if err != nil {
			continue
		}
		fields := slices.Sorted(maps.Keys(kinds))
		for _, name := range t.Unmet(fields) {
			r.event(Event{Table: t.Name, Warning: true, Message: fmt.Sprintf("the account has no custom field for the protected column %s.%s%s",
				t.Name, name, cmp.Or(t.MeantField(name, fields), "; check the spelling"))})
		}
	}
}
