// Error codes of HTTP sources: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const httpCodes = {
  MR3501: {
    title: "An HTTP server cannot be reached",
    why: "The name does not resolve, nothing listens at the address, TLS failed, or the connection broke before an answer came.",
    fix: "Open the URL with curl from the same machine. Look at the host, the port, the proxy and the certificate. Broken connections are tried again by themselves.",
  },
  MR3502: {
    title: "An HTTP server answered with an error",
    why: "The status is not 2xx. 408, 425, 429 and 5xx are tried again with growing pauses; other statuses are not, since the same request would get the same answer.",
    fix: "Read the words of the server in the message. For 404 look at `url` and `params`; for 400 at the parameters of `pagination` and `since`.",
  },
  MR3503: {
    title: "An HTTP server asks to wait",
    why: "It answered 429 or 503 with a Retry-After that is longer than a connector waits inside one try (30 s). The run tries the node again when that time is over.",
    fix: "Lower the speed with `rate: 10/s`, give several sources of one service the same `pool`, or ask for a higher limit.",
  },
  MR3504: {
    title: "An HTTP server is too slow",
    why: "Connecting, the first byte of the answer, or the whole body took longer than its limit (`timeouts: { connect, response, body }`).",
    fix: "Ask for smaller pages, or raise the limit that the message names.",
  },
  MR3505: {
    title: "An HTTP answer was cut short",
    why: "Fewer bytes came than Content-Length says, the compressed stream or the JSON ends in the middle, or the body is empty. Such a page is never loaded in part.",
    fix: "It is tried again by itself. If it stays, ask for smaller pages or look at proxies between you and the server.",
  },
  MR3506: {
    title: "An HTTP answer is not JSON",
    why: "The server sent HTML, XML or another type: often a login page, an error page of a proxy, or the address of the website in place of the API.",
    fix: "Read the first words in the message, then look at `url` and `auth`.",
  },
  MR3507: {
    title: "The list of rows is not where `rows` says",
    why: "The path does not exist in the body, leads to something that is no list, or no `rows` is given and the body holds no list or more than one.",
    fix: "Set `rows` to one of the paths that the message lists, such as `data.items`.",
  },
  MR3508: {
    title: "A page came twice",
    why: "A page has the same rows, or leads to the same next address, as one before: the server ignores the pagination parameter, or its pages run in a circle. Loading on would double rows or never end.",
    fix: "Compare `pagination` with the manual of the API: the name of the parameter, whether pages start at 0 or 1, where the next cursor stands.",
  },
  MR3509: {
    title: "The pagination does not end",
    why: "More pages than `maxPages` (10,000) came.",
    fix: "If there are truly so many, ask for larger pages or raise `maxPages`; else look at `pagination`.",
  },
  MR3510: {
    title: "A page is too large",
    why: "The unpacked body is larger than `maxPageSize` (64 MB), or never ends.",
    fix: "Ask for smaller pages, or raise `maxPageSize` if the machine has the memory.",
  },
  MR3511: {
    title: "A page leads to another host",
    why: "The next link or a redirect names a host that is not the one of `url`. Following it could hand your credentials to a stranger or reach into your network.",
    fix: "If the host belongs to the service, name it: `allowHosts: [api2.example.com]`.",
  },
  MR3512: {
    title: "An HTTP server is left alone for a moment",
    why: "It failed many times in a row, so that further requests are held back (circuit breaker). The node is tried again later.",
    fix: "Look at the errors before this one; nothing has to be reset, the next success closes the circuit.",
  },
  MR3513: {
    title: "Too many redirects",
    why: "The server sent from one address to the next more than 10 times, or without saying where to.",
    fix: "Open the URL with `curl -IL` and write the last address into `url`.",
  },
  MR3514: {
    title: "An HTTP server refuses access",
    why: "It answered 401 or 403: the credentials are missing, wrong, expired, or lack a permission.",
    fix: "Look at `auth` and at the secret it names; a secret is the environment variable of that name, else a line of secrets.env.",
  },
  MR3515: {
    title: "The settings of an HTTP source are wrong",
    why: "The URL is missing or cannot be understood, a header holds a line end, or the named connection does not exist.",
    fix: "Correct the key that the message names. URLs start with http:// or https://.",
  },
  MR3516: {
    title: "JSON of an HTTP answer is malformed",
    why: "The body is not valid JSON or not valid UTF-8. Such a page is refused as a whole: guessing could lose rows.",
    fix: "Tell the owner of the service; the message says what stands where.",
  },
  MR3517: {
    title: "A request cannot be made of an earlier answer",
    why: "A `{parent.…}`, `{created.…}`, `{polled.…}`, `{file}` or `{row.…}` names a field that is not there, holds a list or object, or would lead elsewhere in the address; or an included field of a parent has the name of a column of the row.",
    fix: "Look at the fields of the record that the message names, and give included fields names of their own: `include: { shop_id: id }`.",
  },
  MR3518: {
    title: "An HTTP server gave no token",
    why: "The login or the token request was answered, but the token does not stand where `auth` says; or another process has been refreshing it for a minute.",
    fix: "Compare `auth` with the manual of the API: tokenUrl, the path of the token, the fields of the login.",
  },
  MR3519: {
    title: "A rule says that an HTTP answer is a failure",
    why: "The answer fits an entry of `responses` with `do: fail` or `do: retry`.",
    fix: "Read the words of the server in the message; if the answer is sound, change the rule.",
  },
  MR3520: {
    title: "The only page looks like the first of many",
    why: "It has as many rows as a full page (100, 250, 1000 …, or what `limit` asks for), nothing says where the next one is, and `fullPage: stop` is set.",
    fix: "Set `pagination`, or `fullPage: ignore` when this is all there is.",
  },
  MR3521: {
    title: "Too many parents for a cursor of each",
    why: "`parent.cursor` keeps how far each parent was loaded together with the load; that is done for 2,000 parents at most.",
    fix: "Leave `parent.cursor` out, so that `since` is the highest value of all, or split the source.",
  },
  MR3522: {
    title: "The parent of an interrupted load is gone",
    why: "A load that was interrupted continues at the parent where it stopped, and the list of parents does not hold it any more.",
    fix: "Load everything anew with --full-refresh.",
  },
  MR3523: {
    title: "An export of an HTTP service failed",
    why: "Its status is one of `failed`, it was not ready in time, or its answers do not hold what the next step needs.",
    fix: "Look at the status in the message, and at `poll` and `download`; raise `poll.timeout` for exports that take longer.",
  },
  MR3530: {
    title: "An HTTP service refused rows",
    why: "It took a batch but reported rows of it as refused, more than `write.tolerate` allows. The other rows are there.",
    fix: "The log names the first refused rows with the service's reasons. Correct them and run again: what was taken keeps its idempotency key.",
  },
  MR3531: {
    title: "An export to an HTTP service cannot be carried out",
    why: "A row is larger than a batch may be, `url` names a field that the row does not have, or the mode has no method.",
    fix: "Look at `write` and at the columns of the query.",
  },
} as const satisfies Record<string, CodeEntry>;
