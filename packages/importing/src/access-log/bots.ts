/**
 * Which user agents are not people: crawlers, feed readers, link previews, monitors, libraries, and clients that do not
 * name themselves. A judgement by the agent alone: a crawler that calls itself a browser passes.
 */
import Bowser from 'bowser';

/** How programs name themselves, by kind. "+http" is the contact address that crawlers give; CUBOT is a phone. */
const BOT_PATTERNS = [
  /(?<!cu)bot|crawl|spider|slurp|archiver|scraper|nutch|ezooms|siteexplorer|daumoa|genieo|binlar|distilator|portscout/,
  /feed|\brss|aggregator|subscriber|oldreader|reeder|simplepie|liferea|newsify|digg|livejournal\.com|flipboard/,
  /facebookexternalhit|embedly|preview|google favicon|appengine|mediapartners|urllog|protocol discovery|google desktop/,
  /monitor|uptime|pingdom|validator|link sleuth|changedetection|linkcheck|healthcheck|headless|phantomjs|superblock/,
  /curl\/|wget|fetch|python|^java\/|ruby|perl|libwww|lwp|php\/|go-http|okhttp|httpclient|http_request|^apache-|axios|indy library|chef client/,
  /\+ ?http|@/,
];
const BOT_PATTERN = new RegExp(BOT_PATTERNS.map((pattern) => pattern.source).join('|'), 'i');

/** Real agents carry a version behind a slash; a bare "Mozilla/4.0" or "Mozilla/4.0 (compatible;)" names no program. */
const NAMELESS = /^(mozilla\/[\d.]+ *(\(compatible;? *\))?|[^/ ]*)$/i;

export function isBot(agent: string): boolean {
  return NAMELESS.test(agent) || BOT_PATTERN.test(agent) || platformOf(agent) === 'bot';
}

function platformOf(agent: string): string | undefined {
  return Bowser.parse(agent).platform.type;
}

/** Remembers verdicts: a log has few agents and many lines. Bounded; forgets all when full. */
export function createBotCheck(maxAgents = 50_000): (agent: string) => boolean {
  const known = new Map<string, boolean>();
  return (agent) => {
    let bot = known.get(agent);
    if (bot === undefined) {
      if (known.size >= maxAgents) known.clear();
      bot = isBot(agent);
      known.set(agent, bot);
    }
    return bot;
  };
}
