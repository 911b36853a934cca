/** Credentials that bring rights of their own bring them in one organization; people are themselves in all. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { workspaceId } from "../../support/workspace-id.ts";
import { stateText } from "../test-app.ts";
import { type Estate, openEstate, type Place, places, root, secretOf } from "./estate.ts";

let estate: Estate;

beforeAll(async () => {
	estate = await openEstate();
});
afterAll(async () => {
	await estate[Symbol.asyncDispose]();
});

async function serviceToken(who: string, place: Place, name: string, roles = ["admin"]) {
	const body = { name, service: true, roles };
	const made = await estate.as(who, "POST", `${root(place)}/auth/tokens`, body);
	expect(made.status).toBe(201);
	return JSON.parse(made.text) as { id: string; token: string; organization: string };
}

/** What comes of reading `app/prod` of the place, on each surface. */
async function reads(who: string, place: Place): Promise<Record<string, boolean>> {
	const bucket = place === "default" ? "opentaco" : place;
	const id = workspaceId("app/prod", place);
	const answers = {
		management: await estate.as(who, "GET", `${root(place)}/units/app__prod/download`),
		backend: await estate.as(who, "GET", `${root(place)}/backend/app/prod`),
		tfe: await estate.as(who, "GET", `/tfe/api/v2/workspaces/${id}/current-state-version-outputs`),
	};
	const seen = Object.entries(answers).map(([surface, { text }]) => {
		for (const other of places) {
			if (other !== place) expect(text).not.toContain(secretOf(other));
		}
		return [surface, text.includes(secretOf(place))];
	});
	const s3 = who.startsWith("alice-in")
		? []
		: [["s3", (await estate.s3(who, "GET", `/s3/${bucket}/app/prod/terraform.tfstate`)).text]];
	return Object.fromEntries([
		...seen,
		...s3.map(([surface = "", text = ""]) => [surface, text.includes(secretOf(place))]),
	]);
}

const allOf = (value: boolean, surfaces = ["management", "backend", "tfe", "s3"]) =>
	Object.fromEntries(surfaces.map((surface) => [surface, value]));

describe("a service token", () => {
	for (const [who, place] of [
		["alice", "acme"],
		["bob", "beta"],
		["root", "default"],
	] as const) {
		test(`of ${place} counts there alone`, async () => {
			const { token, organization } = await serviceToken(who, place, "deploy");
			expect(organization).toBe(place);
			for (const other of places) {
				expect({ other, ...(await reads(token, other)) }).toEqual({
					other,
					...allOf(other === place),
				});
			}
		});
	}

	test("of the same name elsewhere has nothing of what is assigned to it here", async () => {
		const foreign = await serviceToken("bob", "beta", "builder", []);
		const own = await serviceToken("alice", "acme", "builder", []);
		const assigned = { kind: "token", subject: "builder", role_id: "reader" };
		const path = "/v1/orgs/acme/rbac/users/assign";
		expect((await estate.as("alice", "POST", path, assigned)).status).toBe(200);
		expect(await reads(own.token, "acme")).toEqual(allOf(true));
		expect(await reads(foreign.token, "acme")).toEqual(allOf(false));
	});

	test("is seen and ended by who manages tokens in its organization, and by nobody else", async () => {
		const { id, token } = await serviceToken("alice", "acme", "secretive");
		const shows = async (who: string, place: Place) => {
			const { text } = await estate.as(who, "GET", `${root(place)}/auth/tokens?all=true`);
			return text.includes(id);
		};
		expect(await shows("alice", "acme")).toBe(true);
		expect(await shows("root", "acme")).toBe(true);
		expect(await shows("bob", "beta")).toBe(false);
		expect(await shows("root", "default")).toBe(false);
		for (const [who, place] of [
			["bob", "beta"],
			["bob", "default"],
			["root", "default"],
			["root", "beta"],
		] as const) {
			const path = `${root(place)}/auth/tokens/${id}`;
			expect((await estate.as(who, "DELETE", path)).status).toBe(404);
			const renew = await estate.as(who, "POST", `${path}/renew`, { ttl_seconds: 60 });
			expect(renew.status).toBe(404);
			const at = `/tfe/api/v2/authentication-tokens/at-${id}`;
			expect((await estate.as(who, "DELETE", at)).status).toBe(404);
		}
		expect((await reads(token, "acme")).management).toBe(true);
		expect((await estate.as("alice", "DELETE", `${root("acme")}/auth/tokens/${id}`)).status).toBe(
			204,
		);
		expect((await estate.as(token, "GET", "/v1/orgs/acme/units")).status).toBe(401);
	});

	test("of the same name ends none of another organization", async () => {
		const mine = await serviceToken("alice", "acme", "twin");
		const theirs = await serviceToken("bob", "beta", "twin");
		const path = `/v1/orgs/acme/auth/tokens/${theirs.id}`;
		expect((await estate.as(mine.token, "DELETE", path)).status).toBe(404);
		expect((await estate.as(mine.token, "GET", "/v1/orgs/acme/auth/tokens")).text).not.toContain(
			theirs.id,
		);
		expect((await reads(theirs.token, "beta")).management).toBe(true);
	});

	test("makes no organization, be it an administrator's of another one", async () => {
		const { token } = await serviceToken("alice", "acme", "maker");
		expect((await estate.as(token, "POST", "/v1/orgs", { name: "made" })).status).toBe(403);
		expect((await estate.as(token, "GET", "/v1/auth/users")).status).toBe(403);
	});
});

describe("a person", () => {
	test("is in each organization what its own roles say", async () => {
		expect(await reads("alice", "acme")).toEqual(allOf(true));
		expect(await reads("alice", "beta")).toEqual(allOf(false));
		expect(await reads("alice", "default")).toEqual(allOf(false));
		const made = await estate.as("alice", "POST", "/v1/auth/tokens", { name: "laptop" });
		const { token, organization } = JSON.parse(made.text);
		expect(organization).toBeNull();
		expect(await reads(token, "acme")).toEqual(allOf(true));
		expect(await reads(token, "beta")).toEqual(allOf(false));
		expect(await reads("root", "beta")).toEqual(allOf(true));
	});

	test("with a narrowed credential is somebody where it was made alone", async () => {
		const surfaces = ["management", "backend", "tfe"];
		expect(await reads("alice-in-acme", "acme")).toEqual(allOf(true, surfaces));
		expect(await reads("alice-in-beta", "acme")).toEqual(allOf(false, surfaces));
		expect(await reads("alice-in-default", "acme")).toEqual(allOf(false, surfaces));
		const made = await estate.as("alice", "POST", "/v1/orgs/acme/auth/tokens", {
			...{ name: "narrow", units: ["app/*"] },
		});
		const { token, organization } = JSON.parse(made.text);
		expect(organization).toBe("acme");
		expect(await reads(token, "acme")).toEqual(allOf(true));
		const role = { email: "alice@example.com", role_id: "reader" };
		expect((await estate.as("root", "POST", "/v1/rbac/users/assign", role)).status).toBe(200);
		expect(await reads("alice", "default")).toEqual(allOf(true));
		expect(await reads(token, "default")).toEqual(allOf(false));
		const again = await estate.as("root", "POST", "/v1/rbac/users/revoke", role);
		expect(again.status).toBe(200);
	});
});

test("an upload address writes where it was made, and nowhere else", async () => {
	const { as, app } = estate;
	const workspace = `/tfe/api/v2/workspaces/${workspaceId("app/prod", "acme")}`;
	expect((await as("alice", "POST", `${workspace}/actions/lock`, {})).status).toBe(200);
	const next = stateText(2, secretOf("acme"), "lineage-of-acme");
	const md5 = createHash("md5").update(next).digest("hex");
	const announced = await as("alice", "POST", `${workspace}/state-versions`, {
		data: { type: "state-versions", attributes: { serial: 2, md5, lineage: "lineage-of-acme" } },
	});
	expect(announced.status).toBe(201);
	const { data } = JSON.parse(announced.text);
	expect(data.id).toStartWith("sv-.acme.app__prod-2-");
	const url = new URL(data.attributes["hosted-state-upload-url"]);
	const put = await app.send("PUT", url.pathname, { as: "nobody", body: next });
	expect(put.status).toBe(200);
	const versionsOf = async (place: Place) =>
		JSON.parse((await as("root", "GET", `${root(place)}/units/app__prod`)).text).version;
	expect([await versionsOf("acme"), await versionsOf("default"), await versionsOf("beta")]).toEqual(
		[2, 1, 1],
	);
	const foreign = `/tfe/api/v2/workspaces/${workspaceId("app/prod", "beta")}/state-versions`;
	expect((await as("alice", "POST", foreign, { data: {} })).status).toBe(404);
	const rollback = {
		data: {
			type: "state-versions",
			relationships: {
				"rollback-state-version": {
					data: { type: "state-versions", id: `sv-.beta.app__prod-1-${md5}` },
				},
			},
		},
	};
	expect((await as("alice", "PATCH", `${workspace}/state-versions`, rollback)).status).toBe(404);
});

test("projects and teams of another organization cannot be named in a body", async () => {
	const create = {
		data: {
			type: "workspaces",
			attributes: { name: "app__new" },
			relationships: { project: { data: { type: "projects", id: "prj-default" } } },
		},
	};
	const path = "/tfe/api/v2/organizations/acme/workspaces";
	expect((await estate.as("alice", "POST", path, create)).status).toBe(404);
	create.data.relationships.project.data.id = "prj-.acme.default";
	const made = await estate.as("alice", "POST", path, create);
	expect(made.status).toBe(201);
	expect(JSON.parse(made.text).data.relationships.project.data.id).toBe("prj-.acme.default");
});
