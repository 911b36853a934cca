import { afterAll, beforeAll, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { storeLogin } from "../../../src/client/credentials/stored-login.ts";
import { ClientError } from "../../../src/client/errors.ts";
import { configure, explain } from "../../../src/provider/configuration.ts";
import { ProviderError } from "../../../src/provider/plugin/diagnostic.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";

let folder: TemporaryDirectory;
let server: Bun.Server<undefined>;
let url: string;
let seen: (string | null)[] = [];
let renewals = 0;

/** A token that ends so long after now, whatever that is. */
function jwt(seconds: number): string {
	const exp = Math.floor(Date.now() / 1000) + seconds;
	const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
	return `${part({ alg: "none" })}.${part({ exp })}.c2ln`;
}

beforeAll(async () => {
	folder = await temporaryDirectory("configuration");
	server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		fetch(request) {
			if (request.url.endsWith("/v1/auth/token")) {
				renewals++;
				return Response.json({ access_token: jwt(renewals * 3600), refresh_token: "next" });
			}
			seen.push(request.headers.get("authorization"));
			return Response.json({ units: [], count: 0 });
		},
	});
	url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
	await server.stop(true);
	await folder.remove();
});
beforeEach(() => {
	seen = [];
});

async function sent(config: Record<string, string>, env: Record<string, string>) {
	const api = await configure(config, { HOME: folder.path, ...env });
	await api.units.listUnits();
	return seen.at(-1) ?? null;
}

describe("which server and which token", () => {
	test("the configuration, then the variables, then what taco login stored", async () => {
		expect(await sent({ endpoint: url }, {})).toBeNull();
		await storeLogin({ HOME: folder.path }, url, { accessToken: "stored", refreshToken: "" });
		expect(await sent({ endpoint: url }, {})).toBe("Bearer stored");
		expect(await sent({}, { OPENTACO_SERVER: url })).toBe("Bearer stored");
		const both = { OPENTACO_ENDPOINT: url, OPENTACO_SERVER: "http://127.0.0.1:9" };
		expect(await sent({}, { ...both, OPENTACO_TOKEN: "variable" })).toBe("Bearer variable");
		const env = { OPENTACO_ENDPOINT: "http://127.0.0.1:9", OPENTACO_TOKEN: "variable" };
		expect(await sent({ endpoint: url, token: "written" }, env)).toBe("Bearer written");
	});

	test("what terraform login stored comes before what taco login stored", async () => {
		const home = join(folder.path, "other");
		await mkdir(join(home, ".terraform.d"), { recursive: true });
		const credentials = { [new URL(url).host]: { token: "of-terraform" } };
		const path = join(home, ".terraform.d", "credentials.tfrc.json");
		await writeFile(path, JSON.stringify({ credentials }));
		await storeLogin({ HOME: home }, url, { accessToken: "stored", refreshToken: "" });
		expect(await sent({ endpoint: url }, { HOME: home })).toBe("Bearer of-terraform");
	});

	test("a stored login is renewed in the middle of a run, once for all requests", async () => {
		const home = join(folder.path, "renewed");
		const first = jwt(600);
		await storeLogin({ HOME: home }, url, { accessToken: first, refreshToken: "once" });
		const api = await configure({ endpoint: url }, { HOME: home });
		try {
			await api.units.listUnits();
			expect({ renewals, last: seen.at(-1) }).toEqual({ renewals: 0, last: `Bearer ${first}` });
			setSystemTime(Date.now() + 570_000);
			await Promise.all(Array.from({ length: 8 }, () => api.units.listUnits()));
			expect(renewals).toBe(1);
			const later = new Set(seen.slice(-8));
			expect(later.size).toBe(1);
			expect(later).not.toContain(`Bearer ${first}`);
		} finally {
			setSystemTime();
		}
	});

	test("a file of authorities that is none is an error at its attribute", async () => {
		const path = join(folder.path, "not-a-certificate");
		await writeFile(path, "hello");
		for (const file of [path, join(folder.path, "missing")]) {
			const failed = await configure({ endpoint: url, ca_file: file }, { HOME: folder.path }).then(
				() => null,
				(error: unknown) => error,
			);
			expect(failed).toBeInstanceOf(ProviderError);
			expect((failed as ProviderError).at).toBe("ca_file");
		}
	});
});

test("no failure tells a token, wherever it may stand in a message", async () => {
	const token = "otc_svc_never-to-be-shown-0123456789";
	await configure({ endpoint: url, token }, { HOME: folder.path });
	for (const error of [
		new ProviderError(`about ${token}`, `and ${token}`),
		new TypeError(`cannot read ${token}`),
	]) {
		const { summary, detail } = explain(error);
		expect(`${summary} ${detail}`).not.toContain(token);
		expect(`${summary} ${detail}`).toContain("(secret)");
	}
});

test("what a server or a lock's holder says cannot move the cursor", () => {
	const message = "locked by \u001b[2Jalice\u202e\r";
	const { summary, detail } = explain(new ClientError("locked", message, { hint: "\u009b1mwait" }));
	expect(`${summary} ${detail}`).not.toMatch(/[\p{Cc}\u202e]/u);
	expect(summary).toContain("\\u001b[2Jalice");
});

test("what to do is told in the provider's words, never in those of the command line", async () => {
	const answers: [string, (request: Request) => Response][] = [
		["Check the address in endpoint", () => new Response("<html>")],
		["Redirects are not followed", () => Response.redirect("http://127.0.0.1:9/", 302)],
	];
	const told: string[] = [];
	for (const [expected, answer] of answers) {
		using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
		const endpoint = `http://127.0.0.1:${other.port}`;
		const api = await configure({ endpoint }, { HOME: folder.path });
		const failed = await api.units.listUnits().catch((error: unknown) => explain(error));
		expect(JSON.stringify(failed)).toContain(expected);
		told.push(JSON.stringify(failed));
	}
	const nowhere = await configure({ endpoint: "http://127.0.0.1:9" }, { HOME: folder.path });
	told.push(JSON.stringify(await nowhere.units.listUnits().catch(explain)));
	expect(told.at(-1)).toContain("OPENTACO_ENDPOINT");
	expect(told.join()).not.toContain("--");
});
