/**
 * What a command works with: settings, client, output, the user. Composed here; also the only
 * place of the command line that reads the environment.
 */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { buildInfo } from "../build-info.ts";
import type { TacoClient } from "../client/client.ts";
import { variable } from "../client/credentials/environment.ts";
import { fileError } from "../client/credentials/local-file-error.ts";
import { type Renewing, renewedToken } from "../client/credentials/renewal.ts";
import {
	credentialsExposed,
	resolveToken,
	type Token,
} from "../client/credentials/stored-login.ts";
import type { Exchange, Fetch, HttpOptions } from "../client/http.ts";
import type { IdentityClient } from "../client/identity-client.ts";
import { clientLimits } from "../client/limits.ts";
import { pathIn } from "../client/organization-path.ts";
import { encodeUnitId, type UnitId } from "../core/unit/unit-id.ts";
import { CliError, usageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { LockFiles } from "./lock-files.ts";
import { Output } from "./output.ts";
import { noProgress, type Progress, startProgress } from "./progress.ts";
import { parseTimeout, resolveServer, type ServerSetting } from "./settings.ts";

type Flags = ReadonlyMap<string, readonly string[]>;

export class Cli {
	readonly program: string;
	readonly io: Io;
	readonly output: Output;
	/** Aborted by Ctrl-C. */
	readonly signal: AbortSignal;
	readonly #flags: Flags;
	readonly #timeoutMs: number | undefined;
	#server: Promise<ServerSetting> | null = null;
	#client: Promise<TacoClient> | null = null;
	#clientToken: Token | null = null;
	#identity: Promise<IdentityClient> | null = null;

	/** @throws CliError `usage` for a wrong global flag. */
	constructor(program: string, io: Io, flags: Flags, signal: AbortSignal) {
		this.program = program;
		this.io = io;
		this.signal = signal;
		this.#flags = flags;
		this.output = new Output(io, {
			json: wantsJson(flags),
			color: wantsColor(io, flags),
			verbose: flags.get("verbose")?.at(-1) === "true",
		});
		this.#timeoutMs = timeoutOf(flags.get("timeout")?.at(-1));
	}

	/** All values of a repeatable flag. */
	all(flag: string): readonly string[] {
		return this.#flags.get(flag) ?? [];
	}

	server(): Promise<ServerSetting> {
		this.#server ??= resolveServer(this.#flags.get("server")?.at(-1), this.io.env);
		return this.#server;
	}

	/** Talk to this server, whatever the settings say. */
	useServer(url: string): void {
		this.#server = Promise.resolve({ url, source: "flag" });
	}

	/** The organization to work in; undefined: the default one. */
	get organization(): string | undefined {
		return this.#flags.get("org")?.at(-1) ?? variable(this.io.env, "OPENTACO_ORG");
	}

	/** Where the unit is for Terraform's http backend. */
	async backendAddress(unit: UnitId): Promise<string> {
		// The system unit's id has no slash and must not be taken apart.
		const id = unit.includes("__") ? encodeUnitId(unit) : unit;
		const path = `/v1/backend/${id.split("/").map(encodeURIComponent).join("/")}`;
		return `${(await this.server()).url}${pathIn(this.organization, path)}`;
	}

	async token(): Promise<Token | null> {
		const { url } = await this.server();
		const found = await resolveToken(this.io.env, url);
		if (found?.isOwn !== true) return found;
		const token = { ...found, value: await renewedToken(this.renewing, url, found.value) };
		if (await credentialsExposed(this.io.env)) {
			await this.output.warn(`${token.source} can be read by others: run chmod 600 on it`);
		}
		return token;
	}

	/** What the renewal of a stored login needs. */
	get renewing(): Renewing {
		return {
			env: this.io.env,
			signal: this.signal,
			client: () => this.identityClientFor(undefined),
		};
	}

	/** The client with the user's token, made once. */
	client(): Promise<TacoClient> {
		this.#client ??= this.token().then((token) => {
			this.#clientToken = token;
			return this.clientFor(token?.value);
		});
		return this.#client;
	}

	/** The token that `client()` uses. */
	get clientToken(): Token | null {
		return this.#clientToken;
	}

	async clientFor(token: string | undefined): Promise<TacoClient> {
		const { TacoClient } = await import("../client/client.ts");
		return new TacoClient(await this.#httpOptions(token));
	}

	/** The client of logins and tokens, with the user's token. */
	async identityClient(): Promise<IdentityClient> {
		this.#identity ??= this.token().then((token) => this.identityClientFor(token?.value));
		return await this.#identity;
	}

	async identityClientFor(token: string | undefined): Promise<IdentityClient> {
		const { IdentityClient } = await import("../client/identity-client.ts");
		return new IdentityClient(await this.#httpOptions(token));
	}

	async #httpOptions(token: string | undefined): Promise<HttpOptions> {
		const { url } = await this.server();
		return {
			serverUrl: url,
			token,
			organization: this.organization,
			agent: `taco/${buildInfo.version}`,
			requestDeadlineMs: this.#timeoutMs,
			transferIdleMs:
				this.#timeoutMs === undefined
					? undefined
					: Math.max(this.#timeoutMs, clientLimits.transferIdleMs),
			ca: await this.certificates(),
			onExchange: (exchange) => this.#tell(exchange),
			fetch: this.#fetch,
		};
	}

	/** The lock ids saved in this directory for this server and organization. */
	async locks(): Promise<LockFiles> {
		const { url } = await this.server();
		const where = this.organization === undefined ? url : `${url} ${this.organization}`;
		return new LockFiles(this.io.cwd, where);
	}

	/** `alice@laptop`, for locks. */
	async identity(): Promise<string> {
		const named = variable(this.io.env, "USER") ?? variable(this.io.env, "LOGNAME");
		return `${named ?? (await systemUserName())}@${hostname()}`;
	}

	/** What to do about a refused token, in this program's words rather than the protocol's. */
	async tokenHint(): Promise<string> {
		if (this.#client === null) return "check that the token was copied whole";
		const { url } = await this.server();
		const token = this.#clientToken;
		return token === null
			? `run taco login --server ${url}, or set OPENTACO_TOKEN`
			: `the token from ${token.source} is not accepted; run taco login --server ${url}, or set OPENTACO_TOKEN`;
	}

	progress(label: string, total: number | null): Progress {
		return this.output.animated ? startProgress(this.io, label, total) : noProgress;
	}

	/** Whether there is somebody to ask. */
	get interactive(): boolean {
		return this.io.in.isTty && this.io.err.isTty;
	}

	/**
	 * Asks, and returns when the answer is yes. Call it only when `interactive`.
	 * @throws CliError `declined`.
	 */
	async confirm(question: string): Promise<void> {
		await this.io.err.write(`${question} [y/N] `);
		const answer = await this.io.in.readLine({ hidden: false, signal: this.signal });
		if (answer === null || !/^y(es)?$/i.test(answer.trim())) {
			throw new CliError("declined", "nothing was changed");
		}
	}

	/** Throws when there is nobody to ask. `hint` says how to go without the question. */
	requireInteractive(what: string, hint: string): void {
		if (!this.interactive) {
			throw new CliError("confirmation_required", `${what} without a terminal needs --yes`, hint);
		}
	}

	/** Trusted certificates, PEM; undefined: the machine's own. */
	async certificates(): Promise<string[] | undefined> {
		const path = variable(this.io.env, "OPENTACO_CA_CERT");
		if (path === undefined) return undefined;
		let own: string;
		try {
			own = await readFile(path, "utf8");
		} catch (error) {
			throw fileError("read OPENTACO_CA_CERT at", path, error);
		}
		if (!own.includes("-----BEGIN CERTIFICATE-----")) {
			throw new CliError("config_invalid", `OPENTACO_CA_CERT: ${path} holds no PEM certificate`);
		}
		const { getCACertificates } = await import("node:tls");
		return [...getCACertificates("default"), own];
	}

	readonly #fetch: Fetch = async (url, init) => {
		const transfers = init.body instanceof ReadableStream;
		const waiting = transfers ? noProgress : this.progress(`waiting for ${new URL(url).host}`, 0);
		try {
			return await fetch(url, init);
		} finally {
			waiting.stop();
		}
	};

	#tell(exchange: Exchange): void {
		const { method, url, status, elapsedMs, requestId, attempt, problem } = exchange;
		const again = attempt > 1 ? `, try ${attempt}` : "";
		const why = problem === undefined ? "" : `: ${problem}`;
		this.output.debug(
			`${method} ${url} -> ${status ?? "no answer"} (${elapsedMs} ms, request id ${requestId}${again})${why}`,
		);
	}
}

/** Without USER, as in most containers. Bun's own answer to this question is that variable. */
async function systemUserName(): Promise<string> {
	const uid = process.getuid?.();
	if (uid === undefined) return "unknown";
	try {
		const lines = (await readFile("/etc/passwd", "utf8")).split("\n");
		const entry = lines.map((line) => line.split(":")).find((fields) => fields[2] === String(uid));
		if (entry?.[0]) return entry[0];
	} catch {
		// Not every system has that file.
	}
	return `uid-${uid}`;
}

function wantsJson(flags: Flags): boolean {
	return flags.get("json")?.at(-1) === "true" || flags.get("output")?.at(-1) === "json";
}

/** NO_COLOR counts when it is there and not empty (no-color.org). */
function wantsColor(io: Io, flags: Flags): boolean {
	return (
		flags.get("no-color")?.at(-1) !== "true" &&
		variable(io.env, "NO_COLOR") === undefined &&
		io.env.TERM !== "dumb"
	);
}

function timeoutOf(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const ms = parseTimeout(text);
	const { requestDeadlineMinMs, requestDeadlineMaxMs } = clientLimits;
	if (ms === null || ms < requestDeadlineMinMs || ms > requestDeadlineMaxMs) {
		throw usageError(
			"--timeout must be a duration of at most an hour",
			"write it like 30s, 500ms or 2m",
		);
	}
	return ms;
}
