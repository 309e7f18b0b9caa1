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
} as const satisfies Record<string, CodeEntry>;
