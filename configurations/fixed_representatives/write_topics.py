"""Write `topics.csv`: short artificial documents on ten topics, which anybody may distribute.

It is a fixture for methods on text and not 20 newsgroups: every document is a bag of words without
grammar. Three tenths of its words come from the vocabulary of its topic, where early words are more
frequent than late ones, two tenths from those of all topics, and half are common words.
"""

import csv
from io import StringIO
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("topics.csv")
DOCUMENTS_PER_TOPIC = 40
WORDS_PER_DOCUMENT = (20, 40)
SHARES = {"own": 0.3, "all": 0.2, "common": 0.5}
"""Of words from the document's topic, from all topics, and of common words."""

TOPICS = {
    "astronomy": "star planet orbit telescope galaxy comet moon nebula eclipse lunar solar crater"
    " asteroid meteor constellation spectrum gravity satellite supernova dust horizon sky cluster"
    " brightness",
    "baking": "flour dough oven yeast bread butter sugar crust loaf knead pastry cake rise batter"
    " whisk vanilla egg pie biscuit rye sourdough glaze cinnamon tray",
    "bicycles": "bicycle wheel pedal chain brake saddle gear tire spoke frame handlebar ride hill"
    " derailleur helmet pump rim cyclist tube race crank lane valve puncture",
    "chess": "chess pawn knight bishop rook queen king castle checkmate opening endgame gambit"
    " board move sacrifice pin fork rank file grandmaster clock draw tempo defense",
    "computers": "computer program memory disk keyboard screen processor software file kernel cache"
    " compiler network driver password printer cable server laptop byte code monitor modem desktop",
    "gardens": "garden soil seed flower rose tomato compost weed lawn hedge bulb water prune leaf"
    " root shrub mulch greenhouse spade pot blossom slug rake tulip",
    "medicine": "patient doctor fever nurse clinic vaccine dose symptom blood surgery therapy pill"
    " infection hospital diagnosis heart lung bandage allergy pulse cough virus pain recovery",
    "music": "piano violin melody chord rhythm concert orchestra guitar choir song tempo flute drum"
    " opera sonata singer harmony cello scale tune trumpet conductor note rehearsal",
    "sailing": "boat sail wind mast harbor anchor rudder keel deck tide crew knot rope hull buoy"
    " island wave port compass regatta jib storm sailor captain",
    "weather": "rain cloud wind storm snow thunder temperature forecast fog frost humidity sunshine"
    " lightning hail drought pressure breeze flood sky ice season barometer climate cold",
}
COMMON = (
    "about after again all also and another any because been before both but came can could day do"
    " down each even few first for from get good had has have he here him how if in into it just"
    " know last like little long made make many may more most much must new next no not now of old"
    " on one only or other our out over people same say see she should since small so some still"
    " such take than that the their them then there these they thing think this time to two under"
    " until up use very want was way well went were what when where which while who why will with"
    " work would year you"
)


def documents() -> list[tuple[str, str, str]]:
    """Return the id, text and topic of every document, in random order."""
    random = Random(0)
    common, every_topic = COMMON.split(), " ".join(TOPICS.values()).split()
    rows = []
    for topic, words in TOPICS.items():
        own = words.split()
        frequencies = [1 / (place + 3) for place in range(len(own))]
        for _ in range(DOCUMENTS_PER_TOPIC):
            text = []
            for _ in range(random.randint(*WORDS_PER_DOCUMENT)):
                (kind,) = random.choices([*SHARES], [*SHARES.values()])
                if kind == "own":
                    text += random.choices(own, frequencies)
                else:
                    text.append(random.choice(every_topic if kind == "all" else common))
            rows.append((" ".join(text), topic))
    random.shuffle(rows)
    return [(f"document_{number:03d}", *row) for number, row in enumerate(rows)]


def content() -> str:
    """Return the text of the CSV file."""
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("id", "text", "topic"))
    writer.writerows(documents())
    return lines.getvalue()


if __name__ == "__main__":
    FILE.write_text(content())
