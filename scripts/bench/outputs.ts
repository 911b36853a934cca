/**
 * Outputs of a small state and of one of 89 MB: `terraform output` over a `cloud` block against a
 * server that answers constants, and the requests alone. What may not depend on the size of the
 * state stands as a ratio.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { derivedId } from "../../src/core/organization/id.ts";
import { rootOrganization } from "../../src/core/organization/organization.ts";
import { median, megabytes, milliseconds, printTable, timed } from "./figures.ts";
import { largeState } from "./large-state.ts";
import { type Subject, settledMemory, startTaco, tlsFiles, token } from "./processes.ts";

const rounds = 15;
const requests = 200;
const outputs = `{"vpc_id":{"value":"vpc-1","type":"string"},"zones":{"value":["a","b"],"type":["list","string"]},"size":{"value":3,"type":"number"}}`;
/** The workspace, and about how large its state is. */
const sizes: Readonly<Record<string, number>> = { small: 1_000, large: 89_000_000 };

const headers = { authorization: `Bearer ${token}` };

function tlsOf(taco: Subject) {
	return { tls: { ca: Bun.file(tlsFiles(taco).ca) } };
}

async function get(taco: Subject, path: string): Promise<Response> {
	const response = await fetch(`${taco.url}${path}`, { headers, ...tlsOf(taco) });
	if (!response.ok) throw new Error(`${path} answered ${response.status}`);
	return response;
}

async function upload(taco: Subject, name: string, serial: number): Promise<void> {
	const { stream, size } = largeState(serial, sizes[name] ?? 0, outputs);
	const response = await fetch(`${taco.url}/v1/backend/bench/${name}`, {
		method: "POST",
		headers: { ...headers, "content-length": String(size) },
		body: stream,
		...tlsOf(taco),
	});
	if (!response.ok) throw new Error(`upload answered ${response.status}`);
}

/** Waits for so many indexes of the unit: they are made after the answers. */
async function indexed({ folder }: Subject, name: string, count: number): Promise<void> {
	const root = join(folder, `taco-data/__opentaco/index/bench__${name}`);
	for (;;) {
		const found = await readdir(root).catch(() => []);
		if (found.filter((file) => file.includes(".index.")).length >= count) return;
		await Bun.sleep(2);
	}
}

const ofWorkspace = (name: string) =>
	`/tfe/api/v2/workspaces/${derivedId("ws", rootOrganization(), `bench/${name}`)}`;

/** Answers what `terraform output` asks for, from memory. */
async function startConstants(taco: Subject): Promise<Bun.Server<undefined>> {
	const organization = "/tfe/api/v2/organizations/default";
	const paths = [
		...["/.well-known/terraform.json", "/tfe/api/v2/ping", `${organization}/entitlement-set`],
		`${organization}/workspaces/bench__small`,
		`${ofWorkspace("small")}/current-state-version`,
		`${ofWorkspace("small")}/current-state-version-outputs`,
	];
	const known = new Map<string, { body: string; init: ResponseInit }>();
	for (const path of paths) {
		const response = await get(taco, path);
		const init = { status: response.status, headers: response.headers };
		known.set(path, { body: await response.text(), init });
	}
	const pair = await readFile(tlsFiles(taco).pair, "utf8");
	return Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		tls: { cert: pair, key: pair },
		fetch(request) {
			const found = known.get(new URL(request.url).pathname);
			if (found === undefined) return new Response(null, { status: 404 });
			return new Response(found.init.status === 204 ? null : found.body, found.init);
		},
	});
}

interface Terraform {
	run(...args: string[]): Promise<void>;
	remove(): Promise<void>;
}

async function terraform(
	client: string,
	port: number | string | undefined,
	workspace: string,
	caFile: string,
): Promise<Terraform> {
	const folder = await mkdtemp(join(tmpdir(), "opentaco-bench-"));
	const block = `terraform {
  cloud {
    hostname     = "localhost:${port}"
    organization = "default"
    workspaces { name = "bench__${workspace}" }
  }
}
`;
	await writeFile(join(folder, "main.tf"), block);
	const run = async (...args: string[]) => {
		const child = Bun.spawn([client, ...args], {
			cwd: folder,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: folder,
				TF_CLI_CONFIG_FILE: "/dev/null",
				CHECKPOINT_DISABLE: "1",
				SSL_CERT_FILE: caFile,
				[`TF_TOKEN_localhost:${port}`]: token,
			},
			stdio: ["ignore", "ignore", "pipe"],
		});
		const errors = await new Response(child.stderr).text();
		if ((await child.exited) !== 0) throw new Error(`terraform ${args.join(" ")}: ${errors}`);
	};
	await run("init");
	return { run, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** In turns, so that what else the machine does meets all alike. */
async function inTurns(
	works: Readonly<Record<string, () => Promise<unknown>>>,
	times: number,
): Promise<Record<string, number>> {
	const samples = new Map<string, number[]>();
	for (let i = 0; i < times; i++) {
		for (const [name, work] of Object.entries(works)) {
			const list = samples.get(name) ?? [];
			list.push(await timed(work));
			samples.set(name, list);
		}
	}
	return Object.fromEntries([...samples].map(([name, list]) => [name, median(list)]));
}

async function benchClient(taco: Subject): Promise<void> {
	const client = Bun.which("terraform") ?? Bun.which("tofu");
	if (client === null) {
		process.stdout.write(
			"\n### terraform output\n\nSKIPPED: neither terraform nor tofu is on PATH\n",
		);
		return;
	}
	const { ca } = tlsFiles(taco);
	const constants = await startConstants(taco);
	const { port } = new URL(taco.url);
	const [bare, small, large] = [
		await terraform(client, constants.port, "small", ca),
		await terraform(client, port, "small", ca),
		await terraform(client, port, "large", ca),
	];
	const times = await inTurns(
		{
			version: () => bare.run("version"),
			bare: () => bare.run("output"),
			small: () => small.run("output"),
			large: () => large.run("output"),
		},
		rounds,
	);
	const ratio = (name: string, to: string) =>
		`${((times[name] ?? 0) / (times[to] ?? 1)).toFixed(2)}x`;
	const row = (what: string, name: string) => [
		what,
		milliseconds(times[name] ?? 0),
		ratio(name, "bare"),
		ratio(name, "small"),
	];
	printTable(
		"terraform output over a cloud block (medians)",
		["what", "time", "to constants", "to the small state"],
		[
			row("terraform version", "version"),
			row("terraform output, a server of constants", "bare"),
			row("terraform output, a state of 1 kB", "small"),
			row("terraform output, a state of 89 MB", "large"),
		],
	);
	for (const each of [bare, small, large]) await each.remove();
	await constants.stop(true);
}

async function benchRequests(taco: Subject): Promise<void> {
	const rows: string[][] = [];
	const doors: Readonly<Record<string, (name: string) => string>> = {
		"TFE current-state-version-outputs": (name) =>
			`${ofWorkspace(name)}/current-state-version-outputs`,
		"/v1/units/…/outputs": (name) => `/v1/units/bench__${name}/outputs`,
	};
	for (const [door, pathOf] of Object.entries(doors)) {
		const ask = (name: string) => async () => await (await get(taco, pathOf(name))).arrayBuffer();
		const times = await inTurns({ small: ask("small"), large: ask("large") }, requests);
		const [small, large] = [times.small ?? 0, times.large ?? 0];
		rows.push([door, milliseconds(small), milliseconds(large), `${(large / small).toFixed(2)}x`]);
	}
	printTable("One request for outputs (medians)", ["request", "1 kB", "89 MB", "ratio"], rows);
}

/** The index of a version that has none, made because somebody asks; then those of the others. */
async function benchIndex(folder: string): Promise<void> {
	{
		await using taco = await startTaco("filesystem", { isTls: true, folder });
		await upload(taco, "small", 1);
		for (const serial of [1, 2]) {
			await upload(taco, "large", serial);
			await indexed(taco, "large", serial);
		}
	}
	await using taco = await startTaco("filesystem", { isTls: true, folder });
	const idle = await settledMemory(taco, tlsOf(taco));
	await rm(join(folder, "taco-data/__opentaco/index"), { recursive: true });
	const ask = async (name: string, query = "") => {
		await (await get(taco, `/v1/units/bench__${name}/outputs${query}`)).arrayBuffer();
	};
	const ms = await timed(() => ask("large", "?version=1"));
	const growth = (await taco.peakMemoryBytes()) - idle;
	for (const name of Object.keys(sizes)) await ask(name);
	printTable(
		"Making the index of a state of 89 MB, when somebody asks for one that is missing",
		["time", "growth of the server's peak memory"],
		[[milliseconds(ms), megabytes(growth)]],
	);
}

/** Measures and prints. */
export async function benchOutputs(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), "opentaco-bench-"));
	try {
		await benchIndex(folder);
		await using taco = await startTaco("filesystem", { isTls: true, folder });
		await benchRequests(taco);
		await benchClient(taco);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
