/** Statuses of 10,000 units with some 60,000 edges between them, in one request. */
import { dependency, remoteState, stateText } from "../../test/support/graph-states.ts";
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { startTaco, token } from "./processes.ts";

const units = 10_000;
/** Edges of each unit: five that its state holds, and one that is declared. */
const recordedPerUnit = 5;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

const name = (index: number): string => `team-${index % 100}/app-${index}`;
/** Units use lower numbers, so that there are chains and no cycles. */
const upstreams = (index: number, count: number): number[] =>
	Array.from({ length: count }, (_, nth) => Math.floor((index * (nth + 1)) / (count + 2)));

function stateOf(url: string, index: number, value: number): string {
	const readings = upstreams(index, recordedPerUnit).map((other, nth) =>
		remoteState(`r${nth}`, "http", { address: `${url}/v1/backend/${name(other)}` }, { id: other }),
	);
	const resources = index === 0 ? [] : readings;
	return stateText(1 + value - index, name(index), { outputs: { id: value }, resources });
}

function declarations(): string {
	const edges = Array.from({ length: units - 1 }, (_, nth) => {
		const [from] = upstreams(nth + 1, 1);
		return dependency(`e${nth}`, name(from ?? 0), "id", name(nth + 1));
	});
	return stateText(1, "system", { resources: edges });
}

/** Measures and prints. */
export async function benchGraph(): Promise<void> {
	await using taco = await startTaco("memory");
	const send = async (method: string, path: string, body?: string) => {
		const init = body === undefined ? { method, headers } : { method, headers, body };
		const response = await fetch(`${taco.url}${path}`, init);
		const text = await response.text();
		if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
		return text;
	};
	let next = 0;
	const writer = async () => {
		for (let index = next++; index < units; index = next++) {
			await send("POST", `/v1/backend/${name(index)}`, stateOf(taco.url, index, index));
		}
	};
	await Promise.all(Array.from({ length: 16 }, writer));
	await send("POST", "/v1/units", JSON.stringify({ id: "__opentaco_system" }));
	await send("POST", "/v1/backend/__opentaco_system", declarations());
	const cold = await timed(() => send("GET", "/v1/status"));
	for (let tries = 0; tries < 100; tries++) {
		const { counts } = JSON.parse(await send("GET", "/v1/status"));
		if (counts.unknown === 0) break;
	}
	const { edges } = JSON.parse(await send("GET", "/v1/graph"));
	const middle = `/v1/units/${name(units / 2).replace("/", "__")}/status`;
	const sample = async (path: string, rounds: number) => {
		const samples: number[] = [];
		for (let round = 0; round < rounds; round++) samples.push(await timed(() => send("GET", path)));
		return median(samples);
	};
	await sample("/v1/units", 10);
	const listing = await sample("/v1/units", 30);
	const rows = [["listing the units, which is the yardstick", milliseconds(listing), "1.0x"]];
	const add = (what: string, ms: number) =>
		rows.push([what, milliseconds(ms), `${(ms / listing).toFixed(1)}x`]);
	const measure = async (what: string, path: string, rounds = 30) =>
		add(what, await sample(path, rounds));
	await measure("all statuses", "/v1/status");
	await measure("the statuses of one team (100 units)", "/v1/status?prefix=team-7/");
	await measure("all statuses, with their edges", "/v1/status?edges=true", 10);
	await measure("one unit", middle);
	await measure("the order of application", "/v1/graph/order", 10);
	await measure("the blast radius of a unit in the middle", `/v1/graph/blast?unit=${name(50)}`, 10);
	const samples: number[] = [];
	for (let round = 0; round < 20; round++) {
		await send("POST", `/v1/backend/${name(50)}`, stateOf(taco.url, 50, units + round));
		samples.push(await timed(() => send("GET", "/v1/status")));
	}
	add("all statuses, right after a write", median(samples));
	add("all statuses for the first time, with every state still to be read", cold);
	printTable(
		`The graph: ${units} units, ${edges.length} edges, over HTTP (medians)`,
		["request", "time", "ratio"],
		rows,
	);
}
