// crosspost (npm) posting to the sink: node crosspost.mjs CHANNELS EACH PORT X MASTODON TELEGRAM TEXT; one line of JSON.
// Its addresses are fixed, so fetch and https.request are led to the sink; connections are kept as node keeps them.
import http from "node:http";
import { createRequire } from "node:module";

const [channels, each, port, x, mastodon, telegram, text] = process.argv.slice(2);
const hosts = { "api.twitter.com": x, "api.x.com": x, "social.example": mastodon, "api.telegram.org": telegram };
const https = createRequire(import.meta.url)("node:https");
const original = globalThis.fetch;
globalThis.fetch = (url, more) => {
    const to = new URL(url);
    return original(`http://${hosts[to.host]}:${port}${to.pathname}${to.search}`, more);
};
https.request = (options, done) => http.request(
    { method: options.method, path: options.path ?? options.pathname, headers: options.headers, host: hosts[options.hostname ?? options.host], port },
    done,
);
const { MastodonStrategy, TelegramStrategy, TwitterStrategy } = await import("@humanwhocodes/crosspost");

const keys = { accessTokenKey: "key", accessTokenSecret: "key", apiConsumerKey: "key", apiConsumerSecret: "key" };
const make = [
    () => new TwitterStrategy(keys),
    () => new MastodonStrategy({ accessToken: "token", host: "social.example" }),
    () => new TelegramStrategy({ botToken: "1:token", chatId: "@town_library" }),
];
const strategies = Array.from({ length: Number(channels) }, (_, number) => make[number % 3]());
await Promise.all(strategies.map(strategy => strategy.post(text)));
const start = performance.now();
const before = process.cpuUsage();
await Promise.all(strategies.map(async strategy => {
    for (let number = 0; number < Number(each); number++) {
        await strategy.post(text);
    }
}));
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({
    deliveries: strategies.length * Number(each),
    seconds: (performance.now() - start) / 1000,
    cpu: (user + system) / 1e6,
    peak: process.resourceUsage().maxRSS / 1024,
}));
process.exit(0);
