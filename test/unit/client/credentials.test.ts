import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDuration } from "../../../src/cli/settings.ts";
import { isRunningOut } from "../../../src/client/credentials/renewal.ts";
import { resolveToken, storeLogin } from "../../../src/client/credentials/stored-login.ts";
import { terraformToken } from "../../../src/client/credentials/terraform-login.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";

let folder: TemporaryDirectory;

beforeEach(async () => {
	folder = await temporaryDirectory("cli");
});
afterEach(async () => {
	await folder.remove();
});

async function terraformStores(credentials: object): Promise<void> {
	await mkdir(join(folder.path, ".terraform.d"), { recursive: true });
	const path = join(folder.path, ".terraform.d", "credentials.tfrc.json");
	await writeFile(path, JSON.stringify({ credentials }));
}

describe("Terraform's tokens", () => {
	const find = async (url: string, env: Record<string, string> = {}) =>
		(await terraformToken({ HOME: folder.path, ...env }, url))?.value ?? null;

	test.each([
		["TF_TOKEN_taco_example_com", "https://taco.example.com"],
		["TF_TOKEN_my__taco_example_com", "https://my-taco.example.com"],
		["TF_TOKEN_taco.example.com", "https://taco.example.com"],
		["TF_TOKEN_localhost:8443", "https://localhost:8443"],
	])("%s is for %s", async (name, url) => {
		expect(await find(url, { [name]: "t" })).toBe("t");
	});

	test.each([
		["TF_TOKEN_taco_example_com", "https://other.example.com"],
		["TF_TOKEN_localhost", "https://localhost:8443"],
		["TF_TOKEN_", "https://taco.example.com"],
	])("%s is not for %s", async (name, url) => {
		expect(await find(url, { [name]: "t" })).toBeNull();
	});

	test("stored ones are for their host and port alone", async () => {
		await terraformStores({ "taco.example.com": { token: "a" }, "localhost:8443": { token: "b" } });
		expect(await find("https://taco.example.com")).toBe("a");
		expect(await find("https://localhost:8443")).toBe("b");
		expect(await find("https://localhost:9999")).toBeNull();
		expect(await find("https://taco.example.com:8443")).toBeNull();
	});

	test("a damaged file is Terraform's affair", async () => {
		await mkdir(join(folder.path, ".terraform.d"), { recursive: true });
		await writeFile(join(folder.path, ".terraform.d", "credentials.tfrc.json"), "{");
		expect(await find("https://taco.example.com")).toBeNull();
	});
});

test("the first token wins: OPENTACO_TOKEN, then Terraform's, then the stored login", async () => {
	const url = "https://taco.example.com";
	const env: Record<string, string> = { HOME: folder.path };
	const used = async () => (await resolveToken(env, url))?.value;
	await storeLogin(env, url, { accessToken: "own", refreshToken: "r" });
	expect(await used()).toBe("own");
	await terraformStores({ "taco.example.com": { token: "terraform" } });
	expect(await used()).toBe("terraform");
	env.TF_TOKEN_taco_example_com = "variable";
	expect(await used()).toBe("variable");
	env.OPENTACO_TOKEN = "explicit";
	expect(await used()).toBe("explicit");
});

test("only a signed token that ends soon is renewed", () => {
	const at = (exp: unknown) => `h.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.s`;
	const now = 1_700_000_000_000;
	expect(isRunningOut(at(now / 1000 + 3600), now)).toBe(false);
	expect(isRunningOut(at(now / 1000 + 30), now)).toBe(true);
	expect(isRunningOut(at(now / 1000 - 30), now)).toBe(true);
	for (const text of ["", "otc_tfe_x_y", "a.b.c", at("soon"), at(undefined)]) {
		expect(isRunningOut(text, now)).toBe(false);
	}
});

test.each([
	["90s", 90_000],
	["24h", 86_400_000],
	["90d", 7_776_000_000],
	["1.5h", null],
	["90", null],
	["-1h", null],
	["", null],
])("a life of %j", (text, ms) => {
	expect(parseDuration(text)).toBe(ms);
});
