package mailerlitetest

// zoneGroups are the time zones of the account, by what their clocks do. Zones with
// other rules of daylight saving than the European and the American one are left
// out. The names are those of the recorded response.
var zoneGroups = []zoneGroup{
	{noSaving, -660, "" +
		"Pacific/Midway Pacific/Niue Pacific/Pago_Pago"},
	{noSaving, -600, "" +
		"Pacific/Honolulu Pacific/Rarotonga Pacific/Tahiti"},
	{noSaving, -570, "" +
		"Pacific/Marquesas"},
	{noSaving, -540, "" +
		"Pacific/Gambier"},
	{noSaving, -480, "" +
		"Pacific/Pitcairn"},
	{noSaving, -420, "" +
		"America/Creston America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo America/Mazatlan America/Phoenix America/Whitehorse"},
	{noSaving, -360, "" +
		"America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador America/Guatemala America/Managua America/Merida " +
		"America/Mexico_City America/Monterrey America/Regina America/Swift_Current America/Tegucigalpa Pacific/Galapagos"},
	{noSaving, -300, "" +
		"America/Atikokan America/Bogota America/Cancun America/Cayman America/Eirunepe America/Guayaquil America/Jamaica America/Lima America/Panama " +
		"America/Rio_Branco"},
	{noSaving, -240, "" +
		"America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Boa_Vista America/Campo_Grande America/Caracas " +
		"America/Cuiaba America/Curacao America/Dominica America/Grenada America/Guadeloupe America/Guyana America/Kralendijk America/La_Paz " +
		"America/Lower_Princes America/Manaus America/Marigot America/Martinique America/Montserrat America/Port_of_Spain America/Porto_Velho " +
		"America/Puerto_Rico America/Santo_Domingo America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Tortola"},
	{noSaving, -180, "" +
		"America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca America/Argentina/Cordoba America/Argentina/Jujuy " +
		"America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan " +
		"America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia America/Asuncion America/Bahia America/Belem America/Cayenne " +
		"America/Fortaleza America/Maceio America/Montevideo America/Paramaribo America/Punta_Arenas America/Recife America/Santarem America/Sao_Paulo " +
		"Antarctica/Palmer Antarctica/Rothera Atlantic/Stanley"},
	{noSaving, -120, "" +
		"America/Noronha Atlantic/South_Georgia"},
	{noSaving, -60, "" +
		"Atlantic/Cape_Verde"},
	{noSaving, 0, "" +
		"Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown Africa/Lome Africa/Monrovia " +
		"Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena UTC"},
	{noSaving, 60, "" +
		"Africa/Algiers Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville Africa/Luanda Africa/Malabo " +
		"Africa/Ndjamena Africa/Niamey Africa/Porto-Novo Africa/Tunis"},
	{noSaving, 120, "" +
		"Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba Africa/Khartoum Africa/Kigali Africa/Lubumbashi " +
		"Africa/Lusaka Africa/Maputo Africa/Maseru Africa/Mbabane Africa/Tripoli Africa/Windhoek Europe/Kaliningrad"},
	{noSaving, 180, "" +
		"Africa/Addis_Ababa Africa/Asmara Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala Africa/Mogadishu Africa/Nairobi Antarctica/Syowa Asia/Aden " +
		"Asia/Amman Asia/Baghdad Asia/Bahrain Asia/Damascus Asia/Kuwait Asia/Qatar Asia/Riyadh Europe/Istanbul Europe/Kirov Europe/Minsk Europe/Moscow " +
		"Europe/Simferopol Europe/Volgograd Indian/Antananarivo Indian/Comoro Indian/Mayotte"},
	{noSaving, 210, "" +
		"Asia/Tehran"},
	{noSaving, 240, "" +
		"Asia/Baku Asia/Dubai Asia/Muscat Asia/Tbilisi Asia/Yerevan Europe/Astrakhan Europe/Samara Europe/Saratov Europe/Ulyanovsk Indian/Mahe Indian/Mauritius " +
		"Indian/Reunion"},
	{noSaving, 270, "" +
		"Asia/Kabul"},
	{noSaving, 300, "" +
		"Antarctica/Mawson Antarctica/Vostok Asia/Almaty Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Atyrau Asia/Dushanbe Asia/Karachi Asia/Oral Asia/Qostanay " +
		"Asia/Qyzylorda Asia/Samarkand Asia/Tashkent Asia/Yekaterinburg Indian/Kerguelen Indian/Maldives"},
	{noSaving, 330, "" +
		"Asia/Colombo Asia/Kolkata"},
	{noSaving, 345, "" +
		"Asia/Kathmandu"},
	{noSaving, 360, "" +
		"Asia/Bishkek Asia/Dhaka Asia/Omsk Asia/Thimphu Asia/Urumqi Indian/Chagos"},
	{noSaving, 390, "" +
		"Asia/Yangon Indian/Cocos"},
	{noSaving, 420, "" +
		"Antarctica/Davis Asia/Bangkok Asia/Barnaul Asia/Ho_Chi_Minh Asia/Hovd Asia/Jakarta Asia/Krasnoyarsk Asia/Novokuznetsk Asia/Novosibirsk Asia/Phnom_Penh " +
		"Asia/Pontianak Asia/Tomsk Asia/Vientiane Indian/Christmas"},
	{noSaving, 480, "" +
		"Antarctica/Casey Asia/Brunei Asia/Choibalsan Asia/Hong_Kong Asia/Irkutsk Asia/Kuala_Lumpur Asia/Kuching Asia/Macau Asia/Makassar Asia/Manila " +
		"Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Ulaanbaatar Australia/Perth"},
	{noSaving, 525, "" +
		"Australia/Eucla"},
	{noSaving, 540, "" +
		"Asia/Chita Asia/Dili Asia/Jayapura Asia/Khandyga Asia/Pyongyang Asia/Seoul Asia/Tokyo Asia/Yakutsk Pacific/Palau"},
	{noSaving, 570, "" +
		"Australia/Darwin"},
	{noSaving, 600, "" +
		"Antarctica/DumontDUrville Asia/Ust-Nera Asia/Vladivostok Australia/Brisbane Australia/Lindeman Pacific/Chuuk Pacific/Guam Pacific/Port_Moresby " +
		"Pacific/Saipan"},
	{noSaving, 660, "" +
		"Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Pacific/Bougainville Pacific/Efate Pacific/Guadalcanal Pacific/Kosrae Pacific/Noumea Pacific/Pohnpei"},
	{noSaving, 720, "" +
		"Asia/Anadyr Asia/Kamchatka Pacific/Fiji Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis"},
	{noSaving, 780, "" +
		"Pacific/Apia Pacific/Enderbury Pacific/Fakaofo Pacific/Tongatapu"},
	{noSaving, 840, "" +
		"Pacific/Kiritimati"},
	{europeanSaving, -120, "" +
		"America/Nuuk America/Scoresbysund"},
	{europeanSaving, -60, "" +
		"Atlantic/Azores"},
	{europeanSaving, 0, "" +
		"Atlantic/Canary Atlantic/Faroe Atlantic/Madeira Europe/Dublin Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Europe/London"},
	{europeanSaving, 60, "" +
		"Africa/Ceuta Arctic/Longyearbyen Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest " +
		"Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo " +
		"Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz " +
		"Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich"},
	{europeanSaving, 120, "" +
		"Asia/Famagusta Asia/Nicosia Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Kiev Europe/Mariehamn Europe/Riga Europe/Sofia Europe/Tallinn " +
		"Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye"},
	{americanSaving, -600, "" +
		"America/Adak"},
	{americanSaving, -540, "" +
		"America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat"},
	{americanSaving, -480, "" +
		"America/Los_Angeles America/Tijuana America/Vancouver"},
	{americanSaving, -420, "" +
		"America/Boise America/Cambridge_Bay America/Denver America/Edmonton America/Inuvik America/Yellowknife"},
	{americanSaving, -360, "" +
		"America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Matamoros America/Menominee America/North_Dakota/Beulah " +
		"America/North_Dakota/Center America/North_Dakota/New_Salem America/Ojinaga America/Rainy_River America/Rankin_Inlet America/Resolute America/Winnipeg"},
	{americanSaving, -300, "" +
		"America/Detroit America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Vevay " +
		"America/Indiana/Vincennes America/Indiana/Winamac America/Iqaluit America/Kentucky/Louisville America/Kentucky/Monticello America/Nassau " +
		"America/New_York America/Nipigon America/Pangnirtung America/Port-au-Prince America/Thunder_Bay America/Toronto"},
	{americanSaving, -240, "" +
		"America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda"},
	{americanSaving, -210, "" +
		"America/St_Johns"},
	{americanSaving, -180, "" +
		"America/Miquelon"},
}
