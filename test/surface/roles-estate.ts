/** Several people with roles on two servers of one store, and what they send. */
import { expect } from "bun:test";
import type { Principal } from "../../src/core/principal.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realClock } from "../support/core.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { taco } from "../unit/cli/terminal.ts";
import { person } from "./person.ts";
import { createTestApp, stateText, type TestApp } from "./test-app.ts";

export const principals: Record<string, Principal> = {
	boss: person("boss"),
	reader: person("reader"),
	writer: person("writer"),
	member: person("member", { groups: ["platform"] }),
	labelled: person("labelled"),
	hidden: person("hidden"),
	stranger: person("stranger"),
	auditor: person("auditor"),
	narrowed: person("boss", { scope: { units: ["dev/*"], roles: null } }),
	machine: { id: "service:deployer", credentialKind: "api-token", loginId: "tok1" },
};

type Send = Parameters<TestApp["send"]>[2];

/** Two servers on one store with four units, before there are roles. */
export async function seeded() {
	const store = new MemoryStore(realClock);
	const options = { store, decide: "roles", principals, admins: ["boss@example.com"] } as const;
	const app = createTestApp(options);
	const other = createTestApp(options);
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		development: false,
		fetch: (request) => app.app.fetch(request),
	});
	for (const unit of ["dev/app", "dev/secret", "prod/app", "prod/db"]) {
		const labels = {
			env: unit.split("/")[0],
			...(unit === "dev/secret" ? { secret: "yes" } : {}),
		};
		await app.send("POST", "/v1/units", { body: JSON.stringify({ id: unit, labels }) });
		const path = `/v1/units/${unit.replace("/", "__")}/upload`;
		await app.send("POST", path, { body: stateText(1) });
	}
	await app.send("POST", "/v1/units/prod__db/lock", {
		body: JSON.stringify({ id: "L", who: "CANARY-holder" }),
	});
	const as = async (who: string, method: string, path: string, init: Send = {}, at = app) => {
		const response = await at.send(method, path, {
			...init,
			headers: { ...init?.headers, authorization: `Bearer ${who}` },
		});
		const text = await response.text();
		return { status: response.status, text, headers: response.headers };
	};
	const cli = async (who: string, ...argv: string[]) => {
		await using folder = await temporaryDirectory();
		const cwd = folder.path;
		const url = `http://127.0.0.1:${server.port}`;
		const env = { OPENTACO_SERVER: url, OPENTACO_TOKEN: who, HOME: cwd, XDG_CONFIG_HOME: cwd };
		return await taco(argv, { cwd, env });
	};
	return {
		...{ app, other, as, cli },
		statusOf: async (...call: Parameters<typeof as>) => (await as(...call)).status,
		async must(who: string, line: string): Promise<string> {
			const finished = await cli(who, ...line.split(" ").map((word) => word.replaceAll("~", " ")));
			expect({ line, ...finished }).toMatchObject({ code: 0 });
			return finished.out;
		},
		async [Symbol.asyncDispose]() {
			await server.stop(true);
			await app[Symbol.asyncDispose]();
			await other[Symbol.asyncDispose]();
		},
	};
}

const rule = "--rule allow:unit.read,unit.write:env=dev --rule deny:*:secret=yes";

/** As the older guide prints them. */
export const olderCommands = [
	"rbac users assign reader@example.com reader",
	"rbac roles create workspace-admin --description Full~workspace~access",
	"rbac roles workspace-admin permissions --add unit:read,unit:write,unit:lock",
	"rbac users assign writer@example.com workspace-admin dev/*",
	"rbac roles create developers",
	"rbac roles create administrators",
	"rbac users assign stranger@example.com developers my-workspace",
];

const commands = [
	`rbac permission create by-label By~label Dev~by~label ${rule}`,
	"rbac role create labelled Labelled Sees~dev~by~label",
	"rbac role assign-policy labelled by-label",
	"rbac user assign labelled@example.com labelled",
	"rbac permission create none --rule deny:unit:read:dev/secret",
	"rbac role create none",
	"rbac role assign-permission none none",
	"rbac user assign hidden@example.com none",
	"rbac user assign hidden@example.com reader",
	"rbac user assign platform reader prod/* --group",
	"rbac user assign deployer workspace-admin prod/app --token",
	"rbac permission create audit --rule allow:audit.read:*",
	"rbac permission update audit --name Auditing --rule allow:audit.read:*",
	"rbac role create auditor",
	"rbac role update auditor --name Auditor",
	"rbac role assign-permission auditor audit",
	"rbac user assign auditor@example.com auditor",
	"rbac role create doomed",
	"rbac role assign-permission doomed none",
	"rbac role revoke-permission doomed none",
	"rbac role delete doomed",
];

/** The same with the roles of all these people, given by the commands of both guides. */
export async function arranged() {
	const estate = await seeded();
	await estate.must("boss", "rbac init");
	const told = new Map<string, string>();
	for (const line of [...olderCommands, ...commands]) {
		told.set(line, await estate.must("boss", line));
	}
	return { ...estate, told };
}
