/** The few pages that people see while they log in. No script; every value is escaped. */
import { createHash } from "node:crypto";

const style = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;display:grid;place-items:center;min-height:100vh;background:Canvas;color:CanvasText}
main{width:min(26rem,90vw);padding:2rem 0}
h1{font-size:1.25rem;margin:0 0 1rem}
label{display:block;margin:.75rem 0 .25rem}
input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}
button{font:inherit;padding:.5rem 1.25rem;margin:1.25rem .5rem 0 0;cursor:pointer}
.quiet{opacity:.75;font-size:.9rem}
.problem{border-left:4px solid #c33;padding-left:.75rem}
code{font-size:.9rem;overflow-wrap:anywhere}
details{margin-top:1.5rem}
`;

const styleHash = createHash("sha256").update(style, "utf8").digest("base64");

export interface Page {
	readonly html: string;
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
}

/** Text as it may stand in HTML, in attributes too. */
export function escapeHtml(text: string): string {
	return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * A page whose forms may lead to this server and to `formOrigins` (browsers hold redirects after a
 * form to the same rule).
 */
function page(
	title: string,
	body: string,
	options: { status?: number; formOrigins?: readonly string[]; refresh?: string } = {},
): Page {
	const { refresh } = options;
	const onward =
		refresh === undefined
			? ""
			: `<meta http-equiv="refresh" content="0;url=${escapeHtml(refresh)}">`;
	const origins = ["'self'", ...(options.formOrigins ?? [])].join(" ");
	return {
		status: options.status ?? 200,
		html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${onward}
<title>${escapeHtml(title)} · OpenTaco</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>
`,
		headers: {
			"content-type": "text/html; charset=utf-8",
			"content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${origins}; base-uri 'none'; frame-ancestors 'none'`,
			"x-frame-options": "DENY",
			"x-content-type-options": "nosniff",
			"referrer-policy": "same-origin",
			"cache-control": "no-store",
		},
	};
}

function hidden(flow: string): string {
	return `<input type="hidden" name="flow" value="${escapeHtml(flow)}">`;
}

export interface LoginPageOptions {
	readonly flow: string;
	/** Name of the identity provider; null: there is none. */
	readonly providerName: string | null;
	/** What was wrong with the last try. */
	readonly problem?: string;
	readonly status?: number;
}

/** Who are you? */
export function loginPage(options: LoginPageOptions): Page {
	const { flow, providerName, problem } = options;
	const flowField = hidden(flow);
	const told =
		problem === undefined ? "" : `<p class="problem" role="alert">${escapeHtml(problem)}</p>`;
	const providerForm =
		providerName === null
			? ""
			: `<form method="post" action="/oauth/provider">${flowField}
<button>Continue with ${escapeHtml(providerName)}</button></form>`;
	const body = `${told}${providerForm}
<form method="post" action="/oauth/login">${flowField}
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Log in</button></form>
<details><summary class="quiet">Log in with the admin token</summary>
<form method="post" action="/oauth/login">${flowField}
<label for="token">Admin token</label>
<input id="token" name="token" type="password" autocomplete="off" required>
<button>Log in as admin</button></form></details>`;
	return page("Log in", body, { status: options.status ?? 200 });
}

/**
 * On to the identity provider. A page and no redirect: a redirect would be the end of a form, browsers
 * hold every further hop of it to this server's policy, and a federated login has hops that nobody
 * can list beforehand.
 */
export function providerPage(url: string): Page {
	const target = escapeHtml(url);
	const body = `<p><a href="${target}">Go on to your identity provider</a></p>`;
	return page("Logging in", body, { refresh: url });
}

/** Do you want this program to act for you? */
export function consentPage(options: {
	readonly flow: string;
	readonly who: string;
	readonly clientId: string;
	readonly redirectUri: string;
	/** What it gets. */
	readonly gets: string;
}): Page {
	const target = new URL(options.redirectUri);
	const body = `<p>You are logged in as <strong>${escapeHtml(options.who)}</strong>.</p>
<p><strong>${escapeHtml(options.clientId)}</strong> on this computer (<code>${escapeHtml(target.host)}</code>)
asks for ${escapeHtml(options.gets)}. It will be able to do what you may do.</p>
<p class="quiet">Allow it only if you have just started a login in a terminal of yours.</p>
<form method="post" action="/oauth/consent">${hidden(options.flow)}
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Cancel</button></form>`;
	return page("Allow access?", body, { formOrigins: [target.origin] });
}

/** Something went wrong, with the way out. */
export function problemPage(status: number, problem: string, hint: string): Page {
	return page(
		"Login failed",
		`<p class="problem" role="alert">${escapeHtml(problem)}</p><p>${escapeHtml(hint)}</p>`,
		{ status },
	);
}
