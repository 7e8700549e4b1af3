"""The simulated Telegram, held to other people's models and vectors."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bot.sandbox.telegram import CHANNEL, DISCUSSION
from bot.sandbox.telegram_text import formatted
from bot.sandbox.world import World
from tests.contract.telegram_bench import (
    KEY,
    LINK,
    Bench,
    benched,
    linked,
    part,
    picture,
    receipt_of,
    reply_to,
)
from tests.vectors import vectors


@pytest.fixture
async def bench(tmp_path):
    async with benched(tmp_path) as made:
        yield made


async def conversation(bench: Bench) -> list[tuple[str, Any]]:
    """Do a bit of everything and return (method, result) as raw JSON."""
    images = tuple([await picture(bench, colour) for colour in ("red", "green")])
    channel = bench.channel(DISCUSSION=str(DISCUSSION))
    await channel.verify()
    first = receipt_of(await channel.publish(linked(f"🚲 Read {LINK} #now"), KEY, None))
    receipt_of(await channel.publish(part("One", images=images[:1]), KEY, reply_to(first)))
    album = receipt_of(await channel.publish(part("Two", images=images), KEY, None))
    await channel.retract(album)
    bench.service.say(42, "/start now", "Ada")
    answers = []
    for method, fields in (
        ("getMe", {}),
        ("getChat", {"chat_id": CHANNEL}),
        ("getChatMember", {"chat_id": CHANNEL, "user_id": 1000}),
        (
            "sendMessage",
            {
                "chat_id": 42,
                "text": "Hello *you*",
                "reply_parameters": {"message_id": 99, "allow_sending_without_reply": True},
            },
        ),
        ("editMessageText", {"chat_id": CHANNEL, "message_id": first.id, "text": "Edited"}),
        ("getUpdates", {"limit": 100}),
    ):
        told = await bench.call(method, **fields)
        assert told["ok"], told
        answers.append((method, told["result"]))
    return answers


async def test_what_we_send_and_what_the_simulation_answers_fit_aiograms_models(bench):
    from aiogram import methods, types
    from pydantic import TypeAdapter

    answers = await conversation(bench)
    for method, fields in bench.service.requests:
        model = getattr(methods, method[0].upper() + method[1:])
        model.model_validate({"photo": "attach://photo", **fields} if method == "sendPhoto" else fields)
    returns = {
        "getMe": types.User,
        "getChat": types.ChatFullInfo,
        "getChatMember": types.ChatMemberAdministrator,
        "sendMessage": types.Message,
        "editMessageText": types.Message,
        "getUpdates": list[types.Update],
    }
    for method, result in answers:
        assert TypeAdapter(returns[method]).validate_python(result) is not None
    updates = dict(answers)["getUpdates"]
    assert [update["message"].get("is_automatic_forward", False) for update in updates] == [True] * 4 + [False]


async def test_every_field_name_is_in_the_bot_api(bench):
    spec = json.loads(vectors("specs/telegram-bot-api.json").read_text())
    answers = await conversation(bench)
    for method, fields in bench.service.requests:
        known = {field["name"] for field in spec["methods"][method].get("fields", ())}
        assert set(fields) <= known, method
    known = {field["name"] for field in spec["types"]["Message"]["fields"]}
    full = {field["name"] for field in spec["types"]["ChatFullInfo"]["fields"]}
    for method, result in answers:
        if method == "getUpdates":
            assert all(set(update["message"]) <= known for update in result)
        elif "essage" in method:
            assert set(result) <= known
        elif method == "getChat":
            assert set(result) <= full


@pytest.mark.parametrize("kind", ["mention", "hashtag", "bot_command"])
def test_what_telegram_finds_by_itself_fits_tdlibs_own_tests(kind):
    for case in json.loads(vectors("telegram/tdlib_entities.json").read_text())[kind]:
        text, entities = formatted(case["text"], [])
        units = text.encode("utf-16-le")
        found = [
            units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
            for each in entities
            if each["type"] == kind
        ]
        assert found == case["expected"], case["text"]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"text": ""}, 400, "Bad Request: message text is empty"),
        ({"text": " \n "}, 400, "Bad Request: text must be non-empty"),
        ({"chat_id": "@nobody", "text": "x"}, 400, "Bad Request: chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 9}}, 400, "Bad Request: message to be replied not found"),
        (
            {"text": "🚲", "entities": [{"type": "bold", "offset": 0, "length": 3}]},
            400,
            "Bad Request: entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3",
        ),
        (
            {"text": "🚲x", "entities": [{"type": "bold", "offset": 1, "length": 1}]},
            400,
            "Bad Request: entity begins in a middle of a UTF-16 symbol at byte offset 1",
        ),
        (
            {"text": "x", "entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "nowhere"}]},
            400,
            "Bad Request: entity URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
        (
            {"text": "x", "entities": [{"type": "loud", "offset": 0, "length": 1}]},
            400,
            "Bad Request: can't parse MessageEntity: Unsupported type specified",
        ),
    ],
)
async def test_the_simulation_refuses_in_telegrams_words(bench, fields, status, words):
    told = await bench.call("sendMessage", **{"chat_id": CHANNEL, **fields})
    assert (told["ok"], told["error_code"], told["description"]) == (False, status, words)
    assert bench.world.effects == []


async def test_blanks_at_the_ends_are_cut_and_entities_move_along(bench):
    marked = [{"type": "bold", "offset": 3, "length": 6}]
    told = await bench.call("sendMessage", chat_id=CHANNEL, text=" \n 🚲 ride \n", entities=marked)
    assert told["result"]["text"] == "🚲 ride"
    assert told["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 6}]
    assert bench.world.visible("telegram")[0].spans == ((0, 5, "bold", ""),)


def test_importing_the_module_does_not_import_the_sdk():
    words = "import sys, bot.platforms.telegram, bot.chats.telegram; print({'telegram', 'aiohttp'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", words], text=True).strip() == "set()"


async def test_what_was_posted_before_a_restart_can_be_answered_and_taken_down(tmp_path):
    async with benched(tmp_path, world=World(tmp_path / "world")) as bench:
        for number in range(5):
            bench.service.say(42, f"words {number}", "Ada")
        before = receipt_of(await bench.channel().publish(part("Before"), KEY, None))
    async with benched(tmp_path, world=World(tmp_path / "world")) as bench:
        channel = bench.channel()
        after = receipt_of(await channel.publish(part("After", 2), KEY, reply_to(before)))
        assert int(after.id) > int(before.id)
        assert [effect.thread for effect in bench.world.visible("telegram")] == [before.id] * 2
        await channel.retract(before)
        assert [effect.text for effect in bench.world.visible("telegram")] == ["After"]
