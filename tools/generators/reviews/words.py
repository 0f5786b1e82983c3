"""Words of the made-up shop: names of products and reviewers, and the texts of reviews."""

from itertools import product

# the category paths of products
PATHS = [
    ["Clothing, Shoes & Jewelry", "Women's", "Shoes", "Boots"],
    ["Electronics", "Camera & Photo", "Lenses"],
    ["Books", "Literature & Fiction"],
    ["Home & Kitchen", "Coffee, Tea & Espresso", "French Presses"],
    ["Clothing, Shoes & Jewelry", "Men's", "Accessories", "Belts"],
    ["Electronics", "Headphones"],
    ["Toys & Games", "Puzzles", "Jigsaw Puzzles"],
    ["Beauty", "Skin Care", "Face"],
    ["Clothing, Shoes & Jewelry", "Women's", "Accessories", "Scarves & Wraps"],
    ["Sports & Outdoors", "Hiking", "Backpacks"],
    ["Grocery & Gourmet Food", "Beverages", "Tea"],
    ["Electronics", "Computers & Accessories", "Cables"],
    ["Home & Kitchen", "Bedding", "Pillows"],
    ["Books", "Children's Books", "Animals"],
    ["Clothing, Shoes & Jewelry", "Girls'", "Dresses"],
    ["Toys & Games", "Building Toys"],
    ["Beauty", "Hair Care", "Shampoo"],
    ["Sports & Outdoors", "Cycling", "Lights & Reflectors"],
    ["Grocery & Gourmet Food", "Chocolate"],
    ["Clothing, Shoes & Jewelry", "Men's", "Shoes", "Sandals"],
    ["Electronics", "Camera & Photo", "Tripods"],
    ["Home & Kitchen", "Kitchen & Dining", "Chef's Knives"],
    ["Books", "Cookbooks, Food & Wine"],
    ["Clothing, Shoes & Jewelry", "Women's", "Clothing", "Dresses"],
    ["Sports & Outdoors", "Yoga", "Mats"],
    ["Toys & Games", "Dolls & Accessories"],
    ["Clothing, Shoes & Jewelry", "Boys'", "Shoes"],
    ["Beauty", "Fragrance", "Women's"],
    ["Electronics", "Wearable Technology"],
    ["Home & Kitchen", "Décor", "Candles"],
    ["Grocery & Gourmet Food", "Crème & Condiments"],
    ["Sports & Outdoors", "Camping", "Tents"],
    ["Books", "Travel", "Europe"],
    ["Clothing, Shoes & Jewelry", "Men's", "Clothing", "Shirts"],
    ["Toys & Games", "Games", "Board Games"],
    ["Beauty", "Make-up", "Lips"],
    ["Electronics", "Televisions"],
    ["Home & Kitchen", "Storage, Laundry & Cleaning"],
    ["Clothing, Shoes & Jewelry", "Jewelry", "Bracelets"],
    ["Sports & Outdoors", "Swimming", "Goggles"],
]
LEAVES_OF_ONE = ["Left-Handed", "Collector's Items", "Refurbished, As New", "Années 50"]

# all differ even without case, spaces and punctuation; some are similar
BRANDS = [
    "Sony",
    "Nike",
    "Black Diamond",
    "L'Oréal",
    "Nestlé",
    "Canon",
    "Hanes",
    "Casio",
    "Sonny",
    "Nikon",
    "Smith & Sons",
    "Lodge",
    "Timex",
    "Häagen",
    "Skechers",
    "Fossil",
    "Levi's",
    "Brooks",
    "Keen",
    "Merrell",
    "Ray Ban",
    "Clarks",
    "Dansko",
    "Dr. Scholl",
    "Oxo",
    "Cuisinart",
    "Ravensburger",
    "Melissa & Doug",
    "Anker",
    "Bosé",
    "Bose",
    "Patagonia",
    "Pilot",
    "Pilots",
    "Twinings",
    "Lindt",
    "Penguin",
    "Caran d'Ache",
    "Ortlieb",
    "Fjällräven",
]
ALIKE = [("Sony", "Sonny"), ("Bosé", "Bose"), ("Pilot", "Pilots")]

_ADJECTIVES = ["Classic", "Women's", "Men's", "Lightweight", "Café", "Children's", "Deluxe", "Original", "Soft, Warm"]
_THINGS = [
    "Boot",
    "Lens 50 mm",
    "Backpack",
    "Scarf",
    "Puzzle (1,000 Pieces)",
    'Screen 24"',
    "Teapot",
    "Rock 'n' Roll Tee",
]
_COLOURS = ["Black", "Crème", "Navy/White", "Red & Gold", "Größe 42", "Olive", "Pack of 2", "XL"]
TITLES = [", ".join([f"{a} {thing}", colour]) for a, thing, colour in product(_ADJECTIVES, _THINGS, _COLOURS)]
DESCRIPTIONS = [
    "Made to last. Machine washable.",
    "<p>Soft &amp; warm: <b>100 % merino</b>.</p><ul><li>Ribbed cuffs</li><li>Women's sizes</li></ul>",
    'A "must have", says the press.\nMeasures 20" x 30".',
    '<div class="aplus"><h3>From the Manufacturer</h3>\n<br />Don\'t settle for less.</div>',
    "Élégant, léger, solide — fabriqué en Italie.",
    "Batteries not included; <a href='#'>see the manual</a>.",
    "Imported.",
]

_FIRST = [
    *("Anna", "Zoë", "José", "Mary Ann", "D'Angelo", "Søren", "Li", "Kathleen", "Björn", "Chloé", "Tom", "Ingrid"),
    *("Amazon Customer", "K. Ōe", "Priya", "Seán", "Walter", "Γιώργος", "美咲", "Ольга"),
]
_LAST = [
    *("", "Smith", "O'Brien", "Müller, PhD", 'Jones "JJ"', "García", "Nguyễn", "de la Cruz", "Lindqvist", "Ivanov"),
    *('"the critic"', "St. Pierre", "Żak", "McDonald", "Brown, Jr.", "(Texas)", "Øster", "van Dyk", "Kim", "Ünal"),
]
NAMES = [f"{first} {last}".strip() for first, last in product(_FIRST, _LAST)]

SHORT_TEXTS = [
    "Great!",
    "Love it",
    "As described.",
    "Good",
    "ok",
    "Thanks!",
    'A "must".',
    "Perfect fit",
    "Très bien",
    "Nope.",
]
SUMMARIES = [
    ["Broke at once", "Don't buy", "Disappointed, sadly", 'Not "new" at all', "Très déçu"],
    ["Not for me", "Runs small", "Meh, for the price", "Too thin", "Could be better"],
    ["It's okay", "Average", "Fine, but...", "Three stars", "Does the job, barely"],
    ["Good value", "Nice, but runs large", "Almost perfect", "Four stars", 'Good "everyday" one'],
    ["Five stars", "Génial", "Best one yet, by far", "Can't fault it", 'Simply "wow"'],
]

_HEADS_AND_TAILS = [
    (
        ["I bought this for", "I ordered it for", "It was a present for", "I have been looking for this for"],
        [
            *("my daughter's birthday.", "my husband, who loves it.", "a trip to the mountains.", "the office."),
            *("our café in Orléans.", "my mother-in-law.", "everyday use at home.", "a friend's wedding."),
            *("the whole family.", "our new flat.", "my son's class.", "somebody who has everything."),
            *("the coming winter.", "a long journey.", "the garden.", "myself, to be honest."),
        ],
    ),
    (
        ["The material", "The quality", "The colour", "Everything about it"],
        [
            *("feels better than the pictures suggest.", "is just what I hoped for.", "is fine for the price."),
            *("could be a little better, frankly.", "surprised me in a good way.", "is a let-down."),
            *('is "so-so", as they say.', "matches the description.", "makes a solid impression."),
            *("is not what it used to be.", "has held up well so far.", "reminds me of the old model."),
            *("is far from perfect, though usable.", "is excellent, no question.", "doesn't look cheap."),
            "was praised by all who saw it.",
        ],
    ),
    (
        ["It arrived", "The parcel came", "Shipping was quick and it came", "We received it"],
        [
            *("two days early.", "a week late, without a word.", "well packed.", "in a torn box."),
            *("on a Sunday, of all days.", "with a part missing.", "as promised.", "just in time."),
            *("after I had given up hope.", "with a friendly note.", "in the wrong size.", "in perfect condition."),
            *("at my neighbour's.", "with clear instructions.", "without instructions.", "in one piece."),
        ],
    ),
    (
        ["After two weeks of daily use", "By now", "When I tried it for the first time", "On closer inspection"],
        [
            *("it still looks like new.", "I would not want to be without it.", "the seams came apart."),
            *("it works like a charm.", "it squeaks a little.", "I am used to its quirks."),
            *('I noticed a scratch of about 1/2".', "it fits like a glove.", "it is smaller than I thought."),
            *("the zipper got stuck.", "nothing has broken.", "it has faded a bit in the wash."),
            *("the battery lasts all day.", "I found it heavier than expected.", "it smells of plastic."),
            "everything is as it should be.",
        ],
    ),
    (
        ["My wife says:", "As the seller writes:", "My verdict so far:", "In the words of a friend:"],
        [
            *('"worth every penny".', '"you get what you pay for".', '"don\'t think twice".', '"never again".'),
            *("a safe choice.", "good, not great.", "nice idea, poor execution.", "a bargain at this price."),
            *("&#34;simply the best&#34;.", "better than the expensive ones.", "buy a size up.", "keep the receipt."),
            *("it's a keeper.", "not for beginners.", "made for people like me.", "c'est magnifique !"),
        ],
    ),
    (
        ["Would I buy it again?", "All in all:", "To sum it up:", "Recommended?"],
        [
            *("Yes, without a doubt.", "Probably not.", "Only on sale.", "Already did."),
            *("Yes, in another colour.", "I have told all my friends.", "It depends.", "Ask me in a year."),
            *("Not unless they fix it.", "For this price, yes.", "Time will tell.", "Absolutely."),
            *("I would look elsewhere.", "As a gift, yes.", "No regrets.", "I sent it back."),
        ],
    ),
]
# one sentence of a long text each: 64 to choose from
SENTENCES = [[f"{head} {tail}" for head, tail in product(*parts)] for parts in _HEADS_AND_TAILS]
