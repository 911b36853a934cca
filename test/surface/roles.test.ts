/** Several people on one application, each with their roles, on both surfaces and the command line. */
import { describe, expect, test } from "bun:test";
import { arranged, olderCommands, principals, seeded } from "./roles-estate.ts";
import { adminToken, lockInfo, stateText } from "./test-app.ts";

describe("before there are roles", () => {
	test("only administrators act", async () => {
		await using estate = await seeded();
		const { statusOf } = estate;
		for (const who of Object.keys(principals)) {
			const isAdmin = who === "boss" || who === "narrowed";
			const seen = { who, status: await statusOf(who, "GET", "/v1/units/dev__app") };
			expect(seen).toEqual({ who, status: isAdmin ? 200 : 404 });
			if (who === "boss") continue;
			// A credential that is narrowed to units is none for what belongs to no unit.
			const tried = { who, status: await statusOf(who, "POST", "/v1/rbac/init") };
			expect(tried).toEqual({ who, status: 403 });
		}
		expect(await statusOf("boss", "POST", "/v1/rbac/init")).toBe(200);
		expect(await statusOf("reader", "POST", "/v1/rbac/init")).toBe(403);
		expect(await statusOf(adminToken, "POST", "/v1/rbac/init")).toBe(409);
	});
});

describe("the documented commands", () => {
	test("say what they did", async () => {
		await using estate = await arranged();
		const { must, told } = estate;
		const adding = olderCommands.find((line) => line.includes("--add")) ?? "";
		expect(told.get(adding)).toBe("unit.read\nunit.write\nunit.lock\n");
		expect(told.get("rbac role update auditor --name Auditor")).toContain("auditor");
		expect(await must("boss", "rbac user list")).toContain("platform");
		expect(await must("boss", "rbac role list")).toContain("unit.read,unit.write,unit.lock");
		expect(await must("boss", "rbac role list")).not.toContain("doomed");
		expect(await must("boss", "rbac permission list")).toContain("deny:*:secret=yes");
		expect(await must("reader", "rbac me")).toContain("Roles:   reader");
		expect(await must("boss", "rbac me")).toContain("(administrator)");
	});

	test("refuse what is wrong, with a code for scripts", async () => {
		await using estate = await arranged();
		const { cli } = estate;
		const codes: [string, number][] = [
			["rbac init", 4],
			["rbac role delete admin", 4],
			["rbac role delete nothing", 3],
			["rbac role update admin --name x", 4],
			["rbac permission update audit", 2],
			["rbac role nothing", 2],
			["rbac role permissions", 2],
			["rbac user assign nobody reader", 2],
			["rbac user assign a@b reader dev//x", 8],
			["rbac user assign a@b nothing", 3],
			["rbac user assign a b c --group --token", 2],
			["rbac permission create p", 2],
			["rbac permission create p --rule allow:fly:*", 8],
			["rbac test a@b unit fly", 2],
			["rbac test a@b fly dev/app", 8],
			["audit ls --since yesterday", 2],
			["audit ls --limit 0", 2],
		];
		for (const [line, code] of codes) {
			expect({ line, code: (await cli("boss", ...line.split(" "))).code }).toEqual({ line, code });
		}
		for (const line of ["rbac user list", "rbac role create x", "audit ls", "audit verify"]) {
			expect((await cli("reader", ...line.split(" "))).code).toBe(5);
		}
	});

	test("tell what somebody may do", async () => {
		await using estate = await arranged();
		const { cli } = estate;
		const answers: [string, number][] = [
			["writer@example.com unit.write dev/app", 0],
			["writer@example.com unit push dev/app", 0],
			["writer@example.com unit push prod/app", 5],
			["writer@example.com lock dev/app", 0],
			["writer@example.com unit rm dev/app", 5],
			["writer@example.com assign", 5],
			["labelled@example.com unit:read dev/secret", 5],
			["labelled@example.com unit:read dev/app", 0],
			["member@example.com unit.read prod/app", 5],
			["member@example.com unit.read prod/app --group platform", 0],
			["boss@example.com unit.delete prod/app", 0],
			["deployer unit.write prod/app --token", 0],
			["service:deployer unit.write prod/app", 0],
			["deployer unit.write dev/app --token", 5],
		];
		for (const [words, code] of answers) {
			const finished = await cli("boss", "rbac", "test", ...words.split(" "));
			expect({ words, code: finished.code }).toEqual({ words, code });
		}
		expect((await cli("writer", "rbac", "test", "me", "unit.write", "dev/app")).code).toBe(0);
		expect((await cli("writer", "rbac", "test", "a@b", "unit.write", "dev/app")).code).toBe(5);
		const told = await cli(
			"boss",
			"rbac",
			"test",
			"labelled@example.com",
			"unit.read",
			"dev/secret",
		);
		expect(told.out).toContain("denied: a rule denies it");
		expect(told.out).toContain("deny:*:secret=yes (permission by-label of role labelled)");
	});
});

describe("who may what", () => {
	const units = ["dev/app", "dev/secret", "prod/app", "prod/db"];
	const readable: Record<string, readonly string[]> = {
		boss: units,
		reader: units,
		writer: ["dev/app", "dev/secret"],
		member: ["prod/app", "prod/db"],
		labelled: ["dev/app"],
		hidden: ["dev/app", "prod/app", "prod/db"],
		stranger: [],
		auditor: [],
		narrowed: ["dev/app", "dev/secret"],
		machine: ["prod/app"],
	};

	test("see: lists, counts and lock holders are cut to it, on two servers", async () => {
		await using estate = await arranged();
		const { app, other, as } = estate;
		for (const [who, expected] of Object.entries(readable)) {
			for (const at of [app, other]) {
				const { text } = await as(who, "GET", "/v1/units", {}, at);
				const list = JSON.parse(text) as { units: { id: string }[]; count: number };
				expect({ who, ids: list.units.map(({ id }) => id), count: list.count }).toEqual({
					who,
					ids: [...expected],
					count: expected.length,
				});
				expect(text.includes("CANARY-holder")).toBe(expected.includes("prod/db"));
			}
		}
	});

	test("read: what one may not see is answered as what does not exist", async () => {
		await using estate = await arranged();
		const { as, statusOf } = estate;
		const routes = [
			["GET", ""],
			["GET", "/download"],
			["GET", "/versions"],
			["GET", "/versions/1"],
			["GET", "/versions/1/download"],
			["POST", "/lock"],
			["POST", "/force-unlock"],
			["DELETE", ""],
		] as const;
		const masked = (answer: { status: number; text: string; headers: Headers }) => ({
			status: answer.status,
			text: answer.text.replace(/"request_id":"[^"]*"/, ""),
			type: answer.headers.get("content-type"),
			names: [...answer.headers.keys()].sort(),
		});
		for (const who of ["writer", "stranger", "labelled"]) {
			for (const [method, tail] of routes) {
				const there = await as(who, method, `/v1/units/prod__db${tail}`);
				const nowhere = await as(who, method, `/v1/units/prod__none${tail}`);
				expect(there.status).toBe(404);
				expect(masked(there)).toEqual(masked(nowhere));
			}
			for (const method of ["GET", "POST", "DELETE", "LOCK", "UNLOCK"]) {
				const body = method === "GET" || method === "DELETE" ? {} : { body: stateText(2) };
				const lock = method.endsWith("LOCK") ? { body: JSON.stringify(lockInfo) } : body;
				const there = await as(who, method, "/v1/backend/prod/db", lock);
				const nowhere = await as(who, method, "/v1/backend/prod/none", lock);
				expect(there.status).toBe(404);
				expect(masked(there)).toEqual(masked(nowhere));
			}
		}
		for (const [who, expected] of Object.entries(readable)) {
			for (const unit of units) {
				const wanted = expected.includes(unit) ? 200 : 404;
				const path = unit.replace("/", "__");
				const management = await statusOf(who, "GET", `/v1/units/${path}/download`);
				const backend = await statusOf(who, "GET", `/v1/backend/${unit}`);
				expect({ who, unit, management, backend }).toEqual({
					who,
					unit,
					management: wanted,
					backend: wanted,
				});
			}
		}
	});

	test("write: 403 where one may read, nothing changed either way", async () => {
		await using estate = await arranged();
		const { as, statusOf } = estate;
		const serial = 7;
		const put = (who: string, unit: string) =>
			statusOf(who, "POST", `/v1/backend/${unit}`, { body: stateText(serial) });
		expect(await put("reader", "dev/app")).toBe(403);
		expect(await put("member", "prod/app")).toBe(403);
		expect(await put("stranger", "dev/app")).toBe(404);
		expect(await put("machine", "dev/app")).toBe(404);
		expect(await statusOf("reader", "POST", "/v1/units/dev__app/lock")).toBe(403);
		expect(await statusOf("reader", "POST", "/v1/units/prod__db/force-unlock")).toBe(403);
		expect(await statusOf("writer", "DELETE", "/v1/units/dev__app")).toBe(403);
		expect((await as("reader", "GET", "/v1/backend/dev/app")).text).toBe(stateText(1));
		expect(await put("writer", "dev/app")).toBe(200);
		expect(await put("machine", "prod/app")).toBe(200);
		expect((await as("reader", "GET", "/v1/backend/dev/app")).text).toBe(stateText(serial));
	});

	test("force: a right of its own, whichever way", async () => {
		await using estate = await arranged();
		const { statusOf } = estate;
		const put = { body: stateText(7) };
		expect(await statusOf("writer", "POST", "/v1/backend/dev/app", put)).toBe(200);
		const back = { body: stateText(1) };
		expect(await statusOf("writer", "POST", "/v1/units/dev__app/upload?force=true", back)).toBe(
			403,
		);
		expect(await statusOf("boss", "POST", "/v1/units/dev__app/upload?force=true", back)).toBe(200);
	});

	test("create: where one may write, also by the labels that one gives", async () => {
		await using estate = await arranged();
		const { statusOf } = estate;
		const create = (who: string, id: string, labels: Record<string, string> = {}) =>
			statusOf(who, "POST", "/v1/units", { body: JSON.stringify({ id, labels }) });
		expect(await create("writer", "dev/new")).toBe(201);
		expect(await create("writer", "prod/new")).toBe(403);
		expect(await create("labelled", "any/new")).toBe(403);
		expect(await create("labelled", "any/new", { env: "dev" })).toBe(201);
		expect(await create("labelled", "any/more", { env: "dev", secret: "yes" })).toBe(403);
		const relabel = (labels: Record<string, string>) =>
			statusOf("labelled", "PATCH", "/v1/units/any__new", { body: JSON.stringify({ labels }) });
		expect(await relabel({ env: "dev", team: "a" })).toBe(200);
		expect(await relabel({ env: "prod" })).toBe(403);
		expect(await relabel({ env: "dev", secret: "yes" })).toBe(403);
		expect(
			await statusOf("writer", "LOCK", "/v1/backend/dev/fresh", { body: JSON.stringify(lockInfo) }),
		).toBe(200);
		expect(
			await statusOf("writer", "LOCK", "/v1/backend/prod/fresh", {
				body: JSON.stringify(lockInfo),
			}),
		).toBe(404);
	});

	test("change at once here, and take away what was given", async () => {
		await using estate = await arranged();
		const { statusOf, must } = estate;
		expect(await statusOf("stranger", "GET", "/v1/units/prod__app")).toBe(404);
		await must("boss", "rbac user assign stranger@example.com reader prod/app");
		expect(await statusOf("stranger", "GET", "/v1/units/prod__app")).toBe(200);
		await must("boss", "rbac user revoke stranger@example.com reader");
		expect(await statusOf("stranger", "GET", "/v1/units/prod__app")).toBe(404);
	});
});

describe("the audit trail", () => {
	test("says who did and who was refused what, to those who may see it", async () => {
		await using estate = await arranged();
		const { statusOf, must } = estate;
		const put = (who: string, unit: string, serial: number) =>
			statusOf(who, "POST", `/v1/backend/${unit}`, { body: stateText(serial) });
		expect(await put("writer", "dev/app", 7)).toBe(200);
		expect(await put("machine", "prod/app", 7)).toBe(200);
		expect(await put("reader", "dev/app", 8)).toBe(403);
		expect(await put("stranger", "prod/db", 8)).toBe(404);
		const back = { body: stateText(1) };
		expect(await statusOf("boss", "POST", "/v1/units/dev__app/upload?force=true", back)).toBe(200);
		const out = await must("auditor", "audit ls --limit 500 --json");
		const { events } = JSON.parse(out) as { events: Record<string, unknown>[] };
		const find = (wanted: Record<string, unknown>) =>
			events.filter((event) =>
				Object.entries(wanted).every(([key, value]) => event[key] === value),
			);
		expect(
			find({
				email: "writer@example.com",
				operation: "write",
				unit: "dev/app",
				outcome: "success",
			}),
		).toMatchObject([
			{ surface: "http-backend", login_id: "login-writer", detail: "version 2, serial 7" },
		]);
		expect(
			find({ email: "reader@example.com", operation: "unit.write", outcome: "denied" }),
		).toMatchObject([{ unit: "dev/app", credential_kind: "access-token", kind: "denial" }]);
		expect(find({ operation: "rbac.assign", email: "boss@example.com" }).length).toBeGreaterThan(7);
		expect(find({ principal: "service:deployer", operation: "write" })).toHaveLength(1);
		expect(
			find({ operation: "write", unit: "dev/app", detail: "version 3, serial 1, forced" }),
		).toHaveLength(1);
		expect(out).not.toContain(adminToken);
		expect(out).not.toContain("CANARY");
		expect(await must("auditor", "audit ls --unit prod/db --outcome denied")).toContain("denied");
		expect(await must("auditor", "audit verify")).toContain("The trail is whole");
		const lines = (await must("auditor", "audit export --principal writer@example.com"))
			.trimEnd()
			.split("\n");
		expect(lines.length).toBeGreaterThan(0);
		for (const line of lines) expect(JSON.parse(line).email).toBe("writer@example.com");
	});

	test("notes tokens that prove nothing", async () => {
		await using estate = await arranged();
		const { statusOf, must } = estate;
		expect(await statusOf("not-a-token", "GET", "/v1/units")).toBe(401);
		const { events } = JSON.parse(await must("auditor", "audit ls --outcome failed --json"));
		expect(events[0]).toMatchObject({ kind: "login", operation: "authenticate", principal: "" });
		expect(JSON.stringify(events)).not.toContain("not-a-token");
	});
});
