/** A real browser without a screen, driven over its debugging protocol. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./tmpdir.ts";
import { until } from "./until.ts";

/** The browser that is on PATH, or null. OPENTACO_TEST_CHROMIUM names another one. */
export function findChromium(): string | null {
	const named = process.env.OPENTACO_TEST_CHROMIUM;
	if (named !== undefined) return Bun.which(named);
	const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
	return names.map((name) => Bun.which(name)).find((path) => path !== null) ?? null;
}

/** Says loudly that tests were skipped for want of a browser; gives whether there is one. */
export function chromiumOrSkip(what: string): boolean {
	if (findChromium() !== null) return true;
	process.stderr.write(`\nSKIPPED: ${what}: chromium is not on PATH\n`);
	return false;
}

export interface Browser extends AsyncDisposable {
	/** Opens an address and waits until something is shown. */
	open(url: string): Promise<void>;
	/** Where it is now. */
	address(): Promise<string>;
	/** The text that a person sees. */
	text(): Promise<string>;
	/** Types into the element. */
	fill(selector: string, value: string): Promise<void>;
	/** Presses the element that is there now, and does not wait for what follows. */
	click(selector: string): Promise<void>;
	/** Waits until there is such an element. Fails with what is shown instead. */
	see(selector: string): Promise<void>;
	/** What its console has said: blocked scripts, refused forms. */
	readonly complaints: readonly string[];
}

interface Message {
	readonly id?: number;
	readonly method?: string;
	readonly params?: { readonly entry?: { readonly text: string } };
	readonly result?: { readonly result?: { readonly value?: unknown } };
	readonly error?: { readonly message: string };
}

/** A browser with a profile of its own, which is removed afterwards. */
export async function startChromium(): Promise<Browser> {
	const path = findChromium();
	if (path === null) throw new Error("there is no chromium on PATH");
	const profile = await temporaryDirectory("chromium");
	const flags = [
		...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
		...["--no-first-run", "--disable-extensions", "--disable-background-networking"],
		...[`--user-data-dir=${profile.path}`, "--remote-debugging-port=0", "about:blank"],
	];
	const child = Bun.spawn([path, ...flags], {
		stdio: ["ignore", "ignore", "ignore"],
		env: { PATH: process.env.PATH ?? "", HOME: profile.path },
	});
	const close = async () => {
		child.kill("SIGKILL");
		await child.exited;
		await profile.remove();
	};
	try {
		const portFile = join(profile.path, "DevToolsActivePort");
		await until(async () => existsSync(portFile) && readFileSync(portFile, "utf8").includes("\n"));
		const port = readFileSync(portFile, "utf8").split("\n")[0];
		const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
			type: string;
			webSocketDebuggerUrl: string;
		}[];
		const page = targets.find(({ type }) => type === "page");
		if (page === undefined) throw new Error("the browser has no page");
		return await drive(page.webSocketDebuggerUrl, close);
	} catch (error) {
		await close();
		throw error;
	}
}

async function drive(url: string, close: () => Promise<void>): Promise<Browser> {
	const socket = new WebSocket(url);
	const complaints: string[] = [];
	const waiting = new Map<number, (message: Message) => void>();
	socket.addEventListener("message", ({ data }) => {
		const message = JSON.parse(String(data)) as Message;
		if (message.id !== undefined) waiting.get(message.id)?.(message);
		else if (message.method === "Log.entryAdded")
			complaints.push(message.params?.entry?.text ?? "");
	});
	await new Promise<void>((resolve, reject) => {
		socket.addEventListener("open", () => resolve());
		socket.addEventListener("error", () => reject(new Error("the browser cannot be driven")));
	});
	let last = 0;
	const call = async (method: string, params: object = {}): Promise<Message> => {
		last += 1;
		const id = last;
		const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
		socket.send(JSON.stringify({ id, method, params }));
		const message = await answer;
		waiting.delete(id);
		if (message.error !== undefined) throw new Error(`${method}: ${message.error.message}`);
		return message;
	};
	const evaluate = async (expression: string): Promise<unknown> => {
		const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
		return result?.result?.value;
	};
	const find = (selector: string) => `document.querySelector(${JSON.stringify(selector)})`;
	const text = async () => String((await evaluate("document.body?.innerText")) ?? "");
	const address = async () => String(await evaluate("location.href"));
	const see = async (selector: string) => {
		try {
			await until(async () => (await evaluate(`${find(selector)} !== null`)) === true);
		} catch {
			const said = complaints.join("\n");
			throw new Error(`no ${selector} at ${await address()}:\n${await text()}\n${said}`);
		}
	};
	await call("Page.enable");
	await call("Log.enable");
	return {
		complaints,
		see,
		text,
		address,
		async open(target) {
			await call("Page.navigate", { url: target });
			await until(async () => (await evaluate("document.readyState")) === "complete");
		},
		async fill(selector, value) {
			await see(selector);
			await evaluate(`${find(selector)}.focus()`);
			await call("Input.insertText", { text: value });
		},
		async click(selector) {
			await see(selector);
			// Not before the element's handler returns would a navigation begin.
			await evaluate(`setTimeout(() => ${find(selector)}.click(), 0), 0`);
		},
		async [Symbol.asyncDispose]() {
			socket.close();
			await close();
		},
	};
}
