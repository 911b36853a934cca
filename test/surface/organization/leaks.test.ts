/**
 * Nothing of an organization shows to who is nobody in it. Every route of every surface is called by
 * the administrator of another one, and the answer must be that of an organization which does not
 * exist, byte for byte but for the name.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { idHeadOf } from "../../../src/core/organization/id.ts";
import { backendMethods } from "../../../src/server/surfaces/http-backend/index.ts";
import { operations } from "../../../src/server/surfaces/management/index.ts";
import { tfeRoutes } from "../../../src/server/surfaces/tfe/index.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { type Estate, openEstate, places, root, secretOf } from "./estate.ts";

const md5 = "0".repeat(32);

/** Ids of the TFE API in an organization, by the parameter that they stand at. */
const ids: Readonly<Record<string, (place: string) => string>> = {
	workspace: (place) => workspaceId("app/prod", place),
	version: (place) => `sv-.${place}.app__prod-1-${md5}`,
	output: (place) => `wsout-.${place}.app__prod-1-${md5}-6f`,
};

interface Call {
	readonly method: string;
	path(place: string): string;
}

const managed: Call[] = operations
	.filter((operation) => operation.scope !== "public" && operation.isServerWide !== true)
	.map(({ method, path }) => ({
		method,
		path: (place) =>
			`/v1/orgs/${place}${path
				.slice(3)
				.replace(/:(\w+)/g, (_, name: string) =>
					name === "id" ? "app__prod" : name === "version" ? "1" : "none",
				)}`,
	}));

const backend: Call[] = backendMethods.flatMap((method) =>
	["app/prod", "app/prod/lock", "app/none"].map((unit) => ({
		method,
		path: (place: string) => `/v1/orgs/${place}/backend/${unit}`,
	})),
);

/** Routes that name an organization, by its name or in an id. */
const tfe: Call[] = tfeRoutes
	.filter(({ path }) => /:(?!user\b)/.test(path))
	.map(({ method, path }) => ({
		method,
		path: (place) =>
			`/tfe/api/v2${path.replace(/:(\w+)/g, (_, name: string) => {
				if (name === "organization") return place;
				if (name === "name") return "app__prod";
				return (ids[name] ?? ((where: string) => `x-.${where}.none`))(place);
			})}`,
	}));

/** The same with ids that tell the organization by their first letters. */
const tfeByHead: Call[] = tfeRoutes
	.filter(({ path }) => /:(?!user\b|organization\b|name\b|workspace\b)/.test(path))
	.map(({ method, path }) => ({
		method,
		path: (place) =>
			`/tfe/api/v2${path
				.replace(":workspace", workspaceId("app/prod", place))
				.replace(/:\w+/g, `x-${idHeadOf(place)}abcdefabcdef`)}`,
	}));

const s3: Call[] = ["GET", "HEAD", "PUT", "DELETE", "POST"].flatMap((method) =>
	[
		"",
		"/app/prod/terraform.tfstate",
		"/app/prod/terraform.tfstate.tflock",
		"?list-type=2",
		"?versions=",
		"?uploads=",
	].map((rest) => ({ method, path: (place: string) => `/s3/${place}${rest}` })),
);

let estate: Estate;
let log: string[];

beforeAll(async () => {
	estate = await openEstate();
	log = estate.app.log;
});
afterAll(async () => {
	await estate[Symbol.asyncDispose]();
});

/** Without what differs from request to request, and the name. */
function bare(text: string, place: string): string {
	return text.replaceAll(/[0-9a-f]{32}/g, "<id>").replaceAll(place, "<organization>");
}

const withBody = (method: string) =>
	method === "GET" || method === "HEAD" ? undefined : '{"data":{"type":""}}';

describe("whoever is nobody there", () => {
	// 405: no method of that address, whoever asks.
	const absent = [404, 405];
	// What begins like no organization's ids is looked for in the default one, by its rules.
	const elsewhere = [...absent, 403, 422];
	for (const { method, path, statuses } of [
		...[...managed, ...backend, ...tfe].map((one) => ({ ...one, statuses: absent })),
		...tfeByHead.map((one) => ({ ...one, statuses: elsewhere })),
	]) {
		test(`${method} ${path("beta")}`, async () => {
			for (const who of ["alice", "stranger", "alice-in-acme"]) {
				const there = await estate.as(who, method, path("beta"), withBody(method));
				const nowhere = await estate.as(who, method, path("nowhere"), withBody(method));
				expect({ ...nowhere, text: bare(nowhere.text, "nowhere") }).toEqual({
					...there,
					text: bare(there.text, "beta"),
				});
				expect(statuses).toContain(there.status);
				expect(there.text).not.toContain("beta");
			}
		});
	}

	for (const { method, path } of s3) {
		test(`S3 ${method} ${path("beta")}`, async () => {
			const body = method === "PUT" || method === "POST" ? "{}" : undefined;
			const there = await estate.s3("alice", method, path("beta"), body);
			const nowhere = await estate.s3("alice", method, path("nowhere"), body);
			expect(bare(nowhere.text, "nowhere")).toBe(bare(there.text, "beta"));
			expect([there.status, nowhere.status]).toEqual([404, 404]);
		});
	}

	test("names nothing of it in a query or a body", async () => {
		const related = (type: string, id: string) => ({ data: { type, id } });
		const access = (team: string, workspace: string) => ({
			data: {
				type: "team-workspaces",
				attributes: { access: "admin" },
				relationships: {
					team: related("teams", team),
					workspace: related("workspaces", workspace),
				},
			},
		});
		const byQuery = (place: string) => [
			`state-versions?filter[workspace][name]=app__prod&filter[organization][name]=${place}`,
			`team-workspaces?filter[workspace][id]=${workspaceId("app/prod", place)}`,
			`team-projects?filter[project][id]=prj-.${place}.default`,
		];
		for (const [at, path] of byQuery("beta").entries()) {
			const there = await estate.as("alice", "GET", `/tfe/api/v2/${path}`);
			const nowhere = await estate.as("alice", "GET", `/tfe/api/v2/${byQuery("nowhere")[at]}`);
			expect(there.status).toBe(404);
			expect(bare(nowhere.text, "nowhere")).toBe(bare(there.text, "beta"));
		}
		for (const [team, workspace] of [
			["team-.beta.owners", workspaceId("app/prod", "beta")],
			["team-.acme.owners", workspaceId("app/prod", "beta")],
			["team-.acme.owners", workspaceId("app/prod")],
			["team-owners", workspaceId("app/prod", "acme")],
		] as const) {
			const body = access(team, workspace);
			const answer = await estate.as("alice", "POST", "/tfe/api/v2/team-workspaces", body);
			expect(answer.status).toBe(404);
		}
		const own = access("team-.acme.owners", workspaceId("app/prod", "acme"));
		const made = await estate.as("alice", "POST", "/tfe/api/v2/team-workspaces", own);
		expect(made.status).not.toBe(404);
	});

	test("finds nothing of it in lists, and may not make or delete any", async () => {
		expect(JSON.parse((await estate.as("alice", "GET", "/v1/orgs")).text)).toMatchObject({
			organizations: [{ name: "default" }, { name: "acme" }],
		});
		expect((await estate.as("alice", "GET", "/tfe/api/v2/organizations")).text).not.toContain(
			"beta",
		);
		expect((await estate.s3("alice", "GET", "/s3")).text).not.toContain("beta");
		expect((await estate.as("alice", "POST", "/v1/orgs", { name: "mine" })).status).toBe(403);
		expect((await estate.as("alice", "DELETE", "/v1/orgs/beta")).status).toBe(404);
		expect((await estate.as("alice", "DELETE", "/v1/orgs/acme")).status).toBe(403);
		// The log tells the operator what the answer does not tell the caller.
		expect(log.join("")).toContain('"organizations":"default, acme, beta"');
	});

	test("copies nothing out of it", async () => {
		const source = "/beta/app/prod/terraform.tfstate";
		const { as, app } = estate;
		expect((await as("alice", "GET", "/v1/orgs/acme/units")).text).not.toContain("copied");
		const answer = await app.send("PUT", `/s3/acme/copied/terraform.tfstate`, {
			headers: { "x-amz-copy-source": source, authorization: "Bearer alice" },
		});
		expect(answer.status).toBeGreaterThanOrEqual(400);
	});
});

describe("units of one name in three organizations", () => {
	const readings = (place: string) => {
		const bucket = place === "default" ? "opentaco" : place;
		const id = workspaceId("app/prod", place);
		return {
			management: () => estate.as("root", "GET", `${root(place)}/units/app__prod/download`),
			"HTTP backend": () => estate.as("root", "GET", `${root(place)}/backend/app/prod`),
			S3: () => estate.s3("root", "GET", `/s3/${bucket}/app/prod/terraform.tfstate`),
			outputs: () =>
				estate.as("root", "GET", `/tfe/api/v2/workspaces/${id}/current-state-version-outputs`),
			"the workspace by name": async () => {
				const path = `/tfe/api/v2/organizations/${place}/workspaces/app__prod`;
				const found = JSON.parse((await estate.as("root", "GET", path)).text);
				expect(found.data.id).toBe(id);
				const current = found.data.relationships["current-state-version"].data.id;
				return await estate.as("root", "GET", `/tfe/api/v2/state-versions/${current}/download`);
			},
		};
	};
	for (const place of places) {
		for (const surface of Object.keys(readings(place))) {
			test(`${surface} reads the one of ${place}`, async () => {
				const read = readings(place)[surface as keyof ReturnType<typeof readings>];
				const { status, text } = await read();
				expect(status).toBe(200);
				for (const other of places) {
					expect(text.includes(secretOf(other))).toBe(other === place);
				}
			});
		}
	}

	test("have a lock, a history and a trail each", async () => {
		const { as } = estate;
		const lock = { ID: "one-lock", Who: "root" };
		expect((await as("root", "LOCK", "/v1/orgs/acme/backend/app/prod", lock)).status).toBe(200);
		for (const place of ["default", "beta"]) {
			const found = JSON.parse((await as("root", "GET", `${root(place)}/units/app__prod`)).text);
			expect(found).toMatchObject({ locked: false, version: 1 });
			expect((await as("root", "GET", `${root(place)}/audit?limit=1000`)).text).not.toContain(
				"one-lock",
			);
		}
		expect((await as("bob", "UNLOCK", "/v1/orgs/beta/backend/app/prod", lock)).status).toBe(409);
		const held = JSON.parse((await as("alice", "GET", "/v1/orgs/acme/units/app__prod")).text);
		expect(held.locked).toBe(true);
		const trail = (await as("alice", "GET", "/v1/orgs/acme/audit?limit=1000")).text;
		expect(trail).toContain('"lock"');
		expect(trail).not.toContain("oidc:bob");
		expect((await as("root", "DELETE", "/v1/orgs/acme/units/app__prod?force=true")).status).toBe(
			204,
		);
		expect((await as("root", "GET", "/v1/units/app__prod")).status).toBe(200);
		expect((await as("bob", "GET", "/v1/orgs/beta/units/app__prod")).status).toBe(200);
		const again = await as("alice", "POST", "/v1/orgs/acme/units/app__prod/undelete");
		expect(again.status).toBe(200);
	});

	test("lie apart in the store, in one layout", async () => {
		await estate.app.core.tasks.idle();
		const keys = (await estate.app.store.list({ prefix: "", limit: 1000 })).blobs.map(
			({ key }) => key,
		);
		for (const prefix of ["", "__opentaco/orgs/acme/", "__opentaco/orgs/beta/"]) {
			expect(keys.some((key) => key.startsWith(`${prefix}__opentaco/log/app__prod/`))).toBe(true);
		}
		const units = JSON.parse((await estate.as("root", "GET", "/v1/units")).text);
		expect(units.units.map(({ id }: { id: string }) => id)).toEqual(["app/prod"]);
	});
});
