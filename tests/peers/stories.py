"""A queue of articles for the storm: two campaigns whose posts have nothing in common, each with one thread."""

from pathlib import Path

TOPICS = ("roof", "garden", "archive", "reading room", "bicycle shed", "cellar", "staircase", "map room")
CHANNELS = {"library": ("bluesky", "mastodon__town"), "museum": ("mastodon__branch",)}
NEWS = {
    "library": "The library has repaired its {topic} for {n}0 thousand. The work took {n} weeks.",
    "museum": "From Monday on the museum shows what was found below its {topic}. {n} rooms are open until May.",
}
LONG = {
    "library": """\
On Sunday morning the caretaker of the town library found a crate behind the boiler, nailed shut and addressed to nobody. \
It holds the lending cards of the years before the fire, all of them, in the order of the streets.

The cards tell who read what in eleven hundred households. The baker borrowed nothing but atlases; the doctor's children, \
it seems, shared one adventure story for three winters and brought it back with new illustrations.

From March on the cards can be looked through in the reading room, by appointment and with clean hands. Whoever recognises \
a grandmother's handwriting is asked to tell the desk, which keeps a list of names and of the stories.""",
    "museum": """\
The museum's oldest boat has left its hall for the first time since it was hung there. Six people carried it through the \
main door, which had to be taken off its hinges, while the market waited and the choir sang for them.

In the workshop by the river the planks are now being measured one by one. Two of them are younger than the rest by a \
century, and nobody has yet explained the small brass plate with a number that was fixed below the seat.

Visitors may watch on Thursdays between ten and four, from behind the glass. Children who bring a drawing of the boat get \
in free, and the best of these drawings will hang in the hall as long as the boat itself is away there.""",
}


def write(queue: Path) -> None:
    """Write all articles and campaigns into a managers' folder."""
    for campaign, channels in CHANNELS.items():
        folder = queue / campaign
        folder.mkdir(parents=True)
        (folder / "campaign.yaml").write_text(f"channels: [{', '.join(channels)}]\n")
        for number, topic in enumerate(TOPICS):
            words = NEWS[campaign].format(topic=topic, n=number + 3)
            link = f"https://{campaign}.example.org/{number}"
            (folder / f"{number}.md").write_text(f"---\ntitle: The {topic}\nlink: {link}\n---\n{words}\n")
        excerpt = "\n".join(f"  {line}".rstrip() for line in LONG[campaign].split("\n"))
        fields = f"title: A find\nlink: https://{campaign}.example.org/find\nthread: yes\nexcerpt: |\n{excerpt}"
        (folder / "long.md").write_text(f"---\n{fields}\n---\n{LONG[campaign]}\n")
