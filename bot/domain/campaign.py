"""Campaign: articles + channels + what holds for all its posts."""

from dataclasses import dataclass

from bot.domain.channel import Channel, LinkPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What a folder of articles has in common.

    `channels` empty = every channel. `disclosure` is the imprint line every post carries ("" = none).
    `required_tags` stand in every post like it, also where a channel takes fewer hashtags.
    `approval` True = each delivery waits for a manager, whatever its article says; `alt_required` True = so does one
    with a picture that nobody described. `template` lays out a post:
    the fields {excerpt} {title} {headline} {link} {tags} {source} {disclosure}, in threads {part} and {parts}; a line
    whose fields are all empty goes away. {headline} is the title where no preview of the link shows it.
    `tags_in_text` True = a hashtag whose very word stands in the excerpt gets its "#" there.
    `links` are (channel or platform, where its posts carry the link); what is not named keeps the channel's own place.
    """

    name: str
    title: str = ""
    channels: tuple[str, ...] = ()
    disclosure: str = ""
    tags: tuple[str, ...] = ()
    required_tags: tuple[str, ...] = ()
    approval: bool = False
    alt_required: bool = True
    template: str = "{headline}\n\n{excerpt}\n\n{link}\n\n{tags}\n{disclosure}"
    links: tuple[tuple[str, LinkPlace], ...] = ()
    tags_in_text: bool = False

    def link_on(self, channel: Channel) -> LinkPlace | None:
        """Return where this campaign wants the link on a channel, None when it leaves that to the channel.

        A channel's own name counts before that of its platform.
        """
        places = dict(self.links)
        return places.get(channel.name, places.get(channel.platform))
