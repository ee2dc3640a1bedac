package mailerlitetest

// What people enter into an account: many scripts, quotes, markup, or nothing.

var firstNames = []string{
	"Ona", "Jonas", "Rūta", "Łukasz", "Zoë", "José", "Siân", "Björn", "Chloë", "Þórdís", "İpek", "Đorđe", "Anaïs", "Müge",
	"Emma", "Liam", "Olivia", "Noah", "Amelia", "Oliver", "Sophia", "Lucas", "Hannah", "Leon", "Clara", "Felix", "Greta",
	"Алексей", "Ольга", "Σοφία", "Γιώργος", "דוד", "נועה", "محمد", "فاطمة", "अर्जुन", "प्रिया", "สมชาย", "美咲", "太郎", "伟",
	"秀英", "지민", "서연", "Nguyễn", "Thảo", "Chidi", "Ọlá", "Mary-Jane", "Jean-Luc", "D'Angelo", "Bob \"Bobby\"", "ANNA", "x",
	"🌻 Flora", "María José", "Žygimantas", "Ágnes", "Ewa", "Tomáš", "Nikola", "Ines", "Mateo", "Yara", "Ibrahim", "Keiko",
}

var lastNames = []string{
	"Kazlauskas", "Petraitytė", "Kowalska", "Müller", "O'Brien", "García Márquez", "Smith", "Jones", "Nováková", "Jónsdóttir",
	"van der Berg", "de la Cruz", "Иванов", "Петрова", "Παπαδόπουλος", "כהן", "الحسن", "शर्मा", "ใจดี", "田中", "佐藤", "王", "李",
	"김", "박", "Trần", "Okafor", "Adébáyọ̀", "Schmidt", "Weber", "Rossi", "Bianchi", "Dubois", "Lefèvre", "Andersson", "Nielsen",
	"Virtanen", "Tamm", "Ozoliņš", "Horváth", "Popescu", "Димитров", "Yılmaz", "Silva", "Fernández", "Johnson-Lee", "Brown",
	"Taylor", "Wilson", "Clark", "Lewis", "Walker", "Hall", "Young", "King", "Wright", "Scott", "Green", "Baker", "Adams",
}

var companies = []string{
	"Acme", "Baltic Bits", "Smith & Sons", "Müller GmbH", "株式会社さくら", "ООО Ромашка", "Café \"Olé\"", "A/B Testing Ltd",
	"Globex", "Initech", "Northwind", "Kornblume", "Tea & Sympathy", "Ūkas", "Société Générale de Thé", "Back\\slash Inc",
	"Fjord AS", "Pão de Açúcar", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka", "Tyrell", "Cyberdyne", "Soylent", "Vandelay",
}

var companySuffixes = []string{"", " Ltd", " UAB", " AG", " Inc.", " S.A.", " Group", " & Co. KG", " 2000", " Labs", " Studio", " B.V."}

var cities = []string{
	"Vilnius", "Kaunas", "Klaipėda", "Berlin", "München", "Köln", "London", "Paris", "São Paulo", "Kraków", "Łódź", "København",
	"Reykjavík", "Αθήνα", "Москва", "Київ", "תל אביב", "القاهرة", "दिल्ली", "กรุงเทพ", "東京", "大阪", "北京", "서울", "Hà Nội",
	"New York", "San Francisco", "Toronto", "Montréal", "Zürich", "Genève", "Bogotá", "Lagos", "Nairobi", "'s-Hertogenbosch",
	"Roma", "Madrid", "Lisboa", "Porto", "Wien", "Praha", "Brno", "Rīga", "Tallinn", "Helsinki", "Oslo", "Malmö", "Dublin",
}

var countries = []string{
	"Lithuania", "Germany", "United Kingdom", "France", "Brazil", "Poland", "Denmark", "Iceland", "Greece", "Ukraine", "Israel",
	"Egypt", "India", "Thailand", "Japan", "China", "South Korea", "Vietnam", "United States", "Canada", "Switzerland",
	"Côte d'Ivoire", "Türkiye", "Curaçao", "LT", "",
}

var states = []string{"CA", "NY", "TX", "Bayern", "Île-de-France", "Ontario", "Kantō", "Žemaitija", "NSW", "n/a", ""}

var hostile = []string{
	`'"><script src=https://xss.example/c/x></script>`,
	`=HYPERLINK("https://evil.example","click")`,
	"line one\nline two\r\n\ttabbed",
	`{"json":"inside"}`,
	`back\slash and "quotes" and 'single' and a,comma;semicolon`,
	"\u0000\u001f control and \u2028 separator",
	"e\u0301 combining, \u202eright to left\u202c, zero\u200bwidth",
	"👩‍👩‍👧‍👦🏳️‍🌈🇱🇹",
	"NULL", "null", "  spaces around  ", "0", "true",
}

var notes = []string{
	"Met at the autumn fair, asked for the %s catalogue.", "Prefers %s, do not call before noon.", "Wants the invoice in %s.",
	"Said the last newsletter was “too long” — send %s only.", "Потребує %s до кінця місяця.", "%s をご希望です。", "Moved to %s in spring. 🌷",
	"VIP: free shipping on %s.", "Complained about %s (ticket #4711).", "Referred by %s.",
}

var plans = []string{"free", "Growing Business", "Advanced", "Enterprise", "trial", ""}
var colours = []string{"blue", "žalia", "rouge", "黄色", "schwarz-weiß", "cornflower", "none"}
var languages = []string{"lt", "en", "de", "pl", "pt_BR", "zh-Hant", "uk", "fr"}
var titles = []string{"Owner", "CEO & Founder", "Vadybininkė", "Gärtner*in", "Developer", "学生", "Retired", "Head of \"Growth\"", "Intern"}
var yesNo = []string{"yes", "no", "Yes", "NO", "1", "0", ""}
var channels = []string{"e-mail", "SMS", "post", "WhatsApp", "no contact"}

var groupNames = []string{
	"Newsletter", "Customers", "VIP customers", "Žinios", "Blog readers", "Webinar: spring", "Été 2025", "cats & dogs", "Leads",
	"イベント", "Früh\u00adaufsteher", "Trial users", "Подписчики", "Black Friday 🛒", "Do not mail", "\"Quoted\" group", "Beta/Testers",
}

var campaignNames = []string{
	"Spring sale", "Monthly digest", "Welcome, {$name}!", "Sėklos ir daigai", "Last chance: 20% off", "New in store", "Wir ziehen um",
	"Black Friday 🖤", "Customer survey", "お知らせ", "Price list <2026>", "Our garden in June", "Thank you!", "What's next?",
}

// customField declares a field and how its values are made up.
type customField struct {
	name, key, kind string
	filled          int // percent of the subscribers that have it
	cell            func(g *generator) value
}

var defaultFields = []customField{
	{"Name", "name", "text", 85, func(g *generator) value { return g.word(g.a.words.first) }},
	{"Last name", "last_name", "text", 70, func(g *generator) value { return g.word(g.a.words.last) }},
	{"Company", "company", "text", 30, func(g *generator) value { return g.word(g.a.words.company) }},
	{"Country", "country", "text", 60, func(g *generator) value { return g.word(g.a.words.country) }},
	{"City", "city", "text", 45, func(g *generator) value { return g.word(g.a.words.city) }},
	{"Phone", "phone", "text", 25, func(g *generator) value { return phoneValue | g.bits() }},
	{"State", "state", "text", 20, func(g *generator) value { return g.word(g.a.words.state) }},
	{"Zip", "z_i_p", "text", 30, func(g *generator) value { return g.word(g.a.words.zip) }},
}

var customFields = []customField{
	{"Birthday", "", "date", 45, func(g *generator) value { return dateOf(dateOrigin + 12_000 + g.below(27_000)) }},
	{"Loyalty points", "", "number", 60, func(g *generator) value { return intOf(g.below(5000)) }},
	{"Lifetime value", "", "number", 55, func(g *generator) value { return centsOf(g.below(900_000)) }},
	{"Plan", "", "text", 70, func(g *generator) value { return g.word(g.a.words.plan) }},
	{"Notes", "", "text", 15, func(g *generator) value { return g.word(g.a.words.note) }},
	{"Last purchase", "", "date", 50, func(g *generator) value { return dateOf(g.today() - g.below(900)) }},
	{"Customer number", "", "text", 65, func(g *generator) value { return serialValue | g.bits() }},
	{"Größe", "groesse", "number", 25, func(g *generator) value { return centsOf(4*10*g.below(60) - 200) }},
	{"Orders", "", "number", 60, func(g *generator) value { return intOf(g.below(40)) }},
	{"Favourite colour", "", "text", 35, func(g *generator) value { return g.word(g.a.words.colour) }},
	{"Language", "", "text", 55, func(g *generator) value { return g.word(g.a.words.language) }},
	{"Job title", "", "text", 30, func(g *generator) value { return g.word(g.a.words.title) }},
	{"VIP", "", "text", 40, func(g *generator) value { return g.word(g.a.words.yesNo) }},
	{"Discount %", "", "number", 30, func(g *generator) value { return intOf(5 * g.below(9)) }},
	{"Next appointment", "", "date", 20, func(g *generator) value { return dateOf(g.today() + g.below(120)) }},
	{"Сегмент", "segment", "text", 50, func(g *generator) value { return g.word(g.a.words.title) }},
	{"Referral code", "", "text", 40, func(g *generator) value { return serialValue | g.bits() }},
	{"Temperature", "", "number", 20, func(g *generator) value { return centsOf(g.below(9000) - 4000) }},
	{"Member since", "", "date", 35, func(g *generator) value { return dateOf(g.today() - g.below(5000)) }},
	{"Preferred channel", "", "text", 45, func(g *generator) value { return g.word(g.a.words.channel) }},
}

// laterFields are the custom fields that are added as days pass.
var laterFields = []customField{
	{"Consent version", "", "text", 0, func(g *generator) value { return g.word(g.a.words.plan) }},
	{"Net promoter score", "", "number", 0, func(g *generator) value { return intOf(g.below(11)) }},
	{"Renewal date", "", "date", 0, func(g *generator) value { return dateOf(g.today() + g.below(365)) }},
	{"Gartengröße (m²)", "gartengroesse_m2", "number", 0, func(g *generator) value { return centsOf(50 * g.below(4000)) }},
}
