"""The words that seeded documents are made of."""

from __future__ import annotations

from typing import Final


def _words(listing: str) -> tuple[str, ...]:
    return tuple(listing.split())


FIRST_NAMES: Final = _words(
    """
    Aroha Wiremu Mere Tāne Ngaire Hēmi Olivia Jack Charlotte Noah Amelia Liam Isla Oliver Mia Lucas
    Zoë Chloé René Søren Åsa Jürgen Anneliese François Élodie José Núria João Conceição Łukasz
    Żaneta Jiří Šárka Dmitri Олена Σοφία Mehmet Ayşe Yusuf Fatima Amir Priya Arjun Lakshmi Wei Xiu
    美咲 健太 지민 Nguyễn Thảo Siobhán Pádraig Gwenllian Björk Þór Malia Tomasi Sione Leilani
    """
)
LAST_NAMES: Final = _words(
    """
    Walker Ngata Parata Te-Kanawa O'Brien O'Neill Smith Jones Taylor Williams Brown Wilson Thompson
    Martin Clarke Müller Schäfer Weiß Dubois Lefèvre García Núñez Fernández Gonçalves Araújo Nowak
    Wójcik Dvořák Novák Nygård Åström Sørensen Jørgensen Ivanova Шевченко Παπαδόπουλος Çelik Öztürk
    Haddad Hussein Patel Sharma Reddy Chen Zhang 佐藤 鈴木 김 Trần Murphy Llewellyn Guðmundsson Tuilagi
    Fonoti Latu Kamakau Peters Green Harris Young King Wright Scott Baker Adams Mitchell Campbell
    Roberts Carter Phillips Evans Turner
    """
)
COMPANY_WORDS: Final = _words(
    """
    Harbour Southern Kauri Tūī Koru Pacific Summit Alpine Cobalt Amber Ridge Meadow Cedar Fern
    Bright Northwind Silver Falcon Anchor Beacon Pioneer Granite Willow Juniper Orchard Lakeside
    Riverbank Metro Capital Evergreen Blue-Sky Redwood Sunrise Atlas Orion Vega Zephyr Quarry
    Brauhaus Café-Noir Überland Señorita Château Fjord Smørrebrød Zürich Kraków Malmö São-Paulo Łódź
    """
)
COMPANY_TRADES: Final = _words(
    """
    Builders Plumbing Electrical Landscapes Roofing Joinery Motors Couriers Freight Logistics
    Catering Bakery Coffee Vineyards Orchards Dairy Print Design Media Software Networks Consulting
    Legal Accounting Dental Veterinary Pharmacy Fitness Travel Hotels Apparel Furniture Ceramics
    Bicycles Marine Aviation Energy Solar Recycling Packaging
    """
)
COMPANY_FORMS: Final = (
    "Limited",
    "Ltd",
    "& Sons",
    "Group",
    "Co-operative",
    "GmbH",
    "Pty Ltd",
    "Inc.",
    "S.à r.l.",
    "Trust",
)
STREETS: Final = _words(
    """
    Queen Victoria Albert Main High Church Station Market Bridge Mill Park Kōwhai Rātā Pōhutukawa
    Harbour Ocean Hill Valley Garden School
    """
)
CITIES: Final = (  # city, region, postal code, country, telephone country code, telephone area code
    ("Wellington", "Wellington", "6011", "New Zealand", "64", "04"),
    ("Auckland", "Auckland", "1010", "New Zealand", "64", "09"),
    ("Ōtautahi / Christchurch", "Canterbury", "8011", "New Zealand", "64", "03"),
    ("Dunedin", "Otago", "9016", "New Zealand", "64", "03"),
    ("Hamilton", "Waikato", "3204", "New Zealand", "64", "07"),
    ("Sydney", "NSW", "2000", "Australia", "61", "02"),
    ("Melbourne", "VIC", "3000", "Australia", "61", "03"),
    ("London", "Greater London", "EC1A 1BB", "United Kingdom", "44", "020"),
    ("München", "Bayern", "80331", "Germany", "49", "089"),
    ("Besançon", "Bourgogne-Franche-Comté", "25000", "France", "33", "03"),
    ("San José", "CA", "95113", "United States", "1", "408"),
    ("東京", "東京都", "100-0001", "Japan", "81", "03"),
)
HOME_CITIES: Final = 5  # so many of the cities, from the first, lie in the home country
COUNTRY_CURRENCIES: Final = {
    "New Zealand": "NZD",
    "Australia": "AUD",
    "United Kingdom": "GBP",
    "Germany": "EUR",
    "France": "EUR",
    "United States": "USD",
    "Japan": "JPY",
}
PRODUCTS: Final = (  # description, unit amount, account code
    ("Consulting, senior, per hour", "185.00", "200"),
    ("Consulting, junior, per hour", "95.00", "200"),
    ("Project management, per day", "1240.00", "200"),
    ("Website maintenance, monthly", "349.50", "200"),
    ("Hosting, monthly", "49.95", "200"),
    ("Logo design", "780.00", "200"),
    ("Printing, A4 colour, per page", "0.35", "260"),
    ("Business cards, box of 250", "64.00", "260"),
    ("Flat white", "5.20", "200"),
    ("Espresso beans, 1 kg", "42.90", "200"),
    ("Catering, per head", "28.75", "200"),
    ("Timber, pine 90 x 45, per metre", "7.85", "300"),
    ("Concrete, per cubic metre", "264.00", "300"),
    ("Labour, per hour", "72.50", "310"),
    ("Call-out fee", "95.00", "200"),
    ("Freight", "18.40", "425"),
    ("Fuel surcharge", "6.13", "425"),
    ("Electrical parts", "133.27", "300"),
    ("Fibre connection – installation", "299.00", "489"),
    ("Telephone, monthly", "59.00", "489"),
    ("Cleaning, weekly", "120.00", "408"),
    ("Office rent, monthly", "2450.00", "469"),
    ("Insurance premium", "318.66", "433"),
    ("Advertising, local paper", "410.00", "400"),
    ("Bank charges", "12.50", "404"),
    ("Office supplies", "23.99", "453"),
    ("Software subscription, per seat", "17.25", "485"),
    ("Training workshop", "560.00", "200"),
    ("Photography, half day", "690.00", "200"),
    ("Translation (te reo Māori), per word", "0.28", "200"),
)
GROUPS: Final = (
    "Wholesale",
    "Retail",
    "VIP",
    "Newsletter",
    "Contractors",
    "Support customers",
    "Overseas",
    "Schools & charities",
)
