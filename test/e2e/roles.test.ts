/** Roles under the real clients: two machines with tokens of their own, on the API, over HTTP and S3. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { mainSource, openSite, type Site } from "../support/s3-site.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";

const has = terraformOrSkip("roles under the real client");
const units = ["dev/app", "prod/app"];

let site: Site;
const tokens: Record<string, string> = {};

async function must(...args: string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await site.taco(...args);
	expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 });
	return stdout;
}

/** What a machine has: its token, and nothing of the administrator's. */
function envOf(who: string): Record<string, string> {
	return {
		...site.env,
		OPENTACO_TOKEN: tokens[who] ?? "",
		XDG_CACHE_HOME: join(site.folder.path, `cache-of-${who}`),
	};
}

const as = (who: string, ...args: string[]) =>
	runTaco(args, { cwd: site.folder.path, env: envOf(who) });

beforeAll(async () => {
	site = await openSite();
	await must("rbac", "init");
	await must("rbac", "role", "create", "writer");
	await must(
		...["rbac", "role", "permissions", "writer", "--add"],
		"unit.read,unit.write,unit.lock",
	);
	await must("rbac", "user", "assign", "reading", "reader", "--token");
	await must("rbac", "user", "assign", "writing", "writer", "dev/*", "--token");
	for (const name of ["reading", "writing"]) {
		const made = JSON.parse(await must("token", "create", name, "--service", "--json"));
		expect(made.token).toMatch(/^otc_svc_/);
		tokens[name] = made.token;
	}
	for (const unit of units) {
		const state = { version: 4, terraform_version: "1.5.0", serial: 1, lineage: `of-${unit}` };
		const file = join(site.folder.path, "first.tfstate");
		await Bun.write(file, JSON.stringify({ ...state, outputs: {}, resources: [] }));
		await must("unit", "create", unit);
		await must("unit", "push", unit, file);
	}
}, 60_000);

afterAll(async () => {
	await site?.[Symbol.asyncDispose]();
});

async function statusOf(who: string, method: string, path: string): Promise<number> {
	const headers = { authorization: `Bearer ${tokens[who]}`, "content-type": "application/json" };
	const response = await fetch(`${site.server.url}${path}`, { method, headers });
	await response.arrayBuffer();
	return response.status;
}

test("on the API: who reads does not write, who writes dev/* does not see prod/*", async () => {
	expect(await statusOf("reading", "GET", "/v1/units/prod__app")).toBe(200);
	expect(await statusOf("reading", "POST", "/v1/units/prod__app/lock")).toBe(403);
	expect(await statusOf("reading", "DELETE", "/v1/units/dev__app")).toBe(403);
	expect(await statusOf("writing", "GET", "/v1/units/dev__app")).toBe(200);
	expect(await statusOf("writing", "GET", "/v1/units/prod__app")).toBe(404);
	expect(await statusOf("writing", "POST", "/v1/units/prod__app/lock")).toBe(404);
	expect((await as("reading", "unit", "ls")).stdout).toContain("prod/app");
	const seen = (await as("writing", "unit", "ls")).stdout;
	expect(seen).toContain("dev/app");
	expect(seen).not.toContain("prod");
	expect((await as("writing", "rbac", "user", "ls")).exitCode).not.toBe(0);
	expect((await as("writing", "token", "create", "more", "--service")).exitCode).not.toBe(0);
});

describe.skipIf(!has)("through terraform", () => {
	const backends = {
		"the HTTP backend": {
			project: (name: string, who: string, unit: string): Promise<Project> =>
				terraformProject(
					join(site.folder.path, name),
					{ "backend.tf": httpBackend(site.server.url, unit), "main.tf": mainSource },
					httpCredentials(tokens[who] ?? ""),
				),
		},
		S3: {
			project: async (name: string, who: string, unit: string): Promise<Project> =>
				await terraformProject(
					join(site.folder.path, name),
					{ "backend.tf": await site.block(unit), "main.tf": mainSource },
					envOf(who),
				),
		},
	};

	for (const [name, { project }] of Object.entries(backends)) {
		test(`over ${name}`, async () => {
			const folder = name.replaceAll(" ", "-");
			const writer = await project(`${folder}-writer`, "writing", "dev/app");
			await writer.must("init");
			await writer.must("apply", "-auto-approve", `-var=input=${folder}`);
			expect(await writer.must("output", "-raw", "value")).toBe(folder);

			const reader = await project(`${folder}-reader`, "reading", "dev/app");
			await reader.must("init");
			expect(await reader.must("output", "-raw", "value")).toBe(folder);
			const before = await must("unit", "versions", "dev/app", "--json");
			for (const lock of ["-lock=true", "-lock=false"]) {
				const refused = await reader.run("apply", "-auto-approve", lock, "-var=input=other");
				expect(refused.exitCode).toBe(1);
				expect(refused.stderr).toMatch(/invalid auth|403|forbidden|AccessDenied/i);
			}
			expect(await must("unit", "versions", "dev/app", "--json")).toBe(before);

			const outside = await project(`${folder}-outside`, "writing", "prod/app");
			await outside.run("init");
			const applied = await outside.run("apply", "-auto-approve", "-var=input=other");
			expect(applied.exitCode).toBe(1);
			expect(`${applied.stdout}${applied.stderr}`).not.toContain("of-prod/app");
			expect(
				JSON.parse(await must("unit", "versions", "prod/app", "--json")).versions,
			).toHaveLength(1);
		}, 120_000);
	}

	test("credentials of a revoked token open S3 no longer", async () => {
		const made = JSON.parse(
			await must("token", "create", "gone", "--service", "--role", "writer", "--json"),
		);
		tokens.gone = made.token;
		const { block } = site;
		const tf = await terraformProject(
			join(site.folder.path, "revoked"),
			{ "backend.tf": await block("dev/gone"), "main.tf": mainSource },
			envOf("gone"),
		);
		await tf.must("init");
		await tf.must("apply", "-auto-approve");
		await must("token", "revoke", made.id);
		const refused = await tf.run("state", "pull");
		expect(refused.exitCode).toBe(1);
		expect(refused.stderr).toMatch(/ExpiredToken|has ended/);
	}, 60_000);
});

test("the audit trail names the machines and what they were refused", async () => {
	const { events } = JSON.parse(await must("audit", "ls", "--limit", "500", "--json"));
	for (const [who, unit] of [
		["service:reading", "dev/app"],
		["service:writing", "prod/app"],
	]) {
		expect(events).toContainEqual(
			expect.objectContaining({ principal: who, unit, outcome: "denied" }),
		);
	}
	for (const token of Object.values(tokens)) {
		expect(JSON.stringify(events)).not.toContain(token);
		expect(site.server.log()).not.toContain(token);
	}
});
