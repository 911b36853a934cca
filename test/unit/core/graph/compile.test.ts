/** Statuses on random graphs, against the plainest way of working them out. */
import { describe, expect, test } from "bun:test";
import { compileGraph } from "../../../../src/core/graph/compile.ts";
import { components, waves } from "../../../../src/core/graph/components.ts";
import type { Declaration } from "../../../../src/core/graph/declarations.ts";
import { edgeId } from "../../../../src/core/graph/edge-id.ts";
import { noFacts, type Recorded } from "../../../../src/core/graph/facts.ts";
import { GraphMemory } from "../../../../src/core/graph/memory.ts";
import type {
	EdgeStatus,
	GraphInput,
	GraphNode,
	NodeFacts,
	NotedRead,
	UnitStatus,
} from "../../../../src/core/graph/model.ts";
import type { UnitId } from "../../../../src/core/unit/unit-id.ts";
import { forSeeds, type Seeded } from "../../../support/seeded.ts";

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`graph seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

const outputs = ["x", "y"];
const digests = ["d1", "d2"];
const at = "2026-01-02T03:04:05Z";

function randomInput(random: Seeded): GraphInput {
	const all = Array.from({ length: 2 + random.below(7) }, (_, index) => `u${index}` as UnitId);
	const existing = all.filter(() => random.below(8) > 0);
	const nodes = new Map(existing.map((id) => [id, randomNode(random, id, all)]));
	const declared: Declaration[] = random.some(all, 8).flatMap((from) => {
		const to = random.pick(all);
		if (from === to) return [];
		const [output, input] = [random.pick(outputs), random.pick(["", "in"])];
		const address = { module: null, name: "e", indexKey: null };
		return [{ address, edgeId: edgeId({ from, output, to, input }), from, output, to, input }];
	});
	const reads: NotedRead[] = random.some(all, 2).flatMap((from) => {
		const to = random.pick(all);
		const digest = random.pick([null, ...digests]);
		return from === to ? [] : [{ from, to, output: random.pick(outputs), digest, at }];
	});
	const old = new Map<string, string | null | undefined>();
	return {
		nodes,
		declared,
		reads,
		since: () => at,
		digestAt: (unit, version, output) => {
			const node = nodes.get(unit);
			if (version === 0) return null;
			if (node?.version?.number === version) {
				if (node.facts.kind !== "facts" || node.facts.facts.isOpaque) return undefined;
				return node.facts.facts.outputs.get(output) ?? null;
			}
			const key = `${unit} ${version} ${output}`;
			if (!old.has(key)) old.set(key, random.pick([undefined, null, ...digests]));
			return old.get(key);
		},
	};
}

function randomNode(random: Seeded, id: UnitId, all: readonly UnitId[]): GraphNode {
	const recorded: Recorded[] = random.some(all, 2).map((from) => ({
		...{ from, output: random.pick(outputs), digest: random.pick(digests) },
		isCandidate: random.below(2) === 0,
	}));
	const held = outputs.flatMap((name) =>
		random.below(5) === 0 ? [] : [[name, random.pick(digests)] as const],
	);
	const facts: NodeFacts =
		random.below(12) === 0
			? { kind: random.pick(["loading", "unreadable", "not-adopted"] as const) }
			: {
					kind: "facts",
					facts: {
						...noFacts,
						outputs: new Map(held),
						recorded,
						isOpaque: random.below(15) === 0,
						isTruncated: random.below(15) === 0,
					},
				};
	const version = random.below(8) === 0 ? null : { number: 2, at };
	const acknowledged = new Map(random.some(all, 4).map((up) => [up as string, random.below(3)]));
	return {
		id,
		facts,
		version,
		acknowledged,
		acknowledgedAt: at,
		isAcknowledgedByHand: random.below(2) === 0,
	};
}

interface PlainEdge {
	readonly from: UnitId;
	readonly to: UnitId;
	readonly output: string;
	readonly status: EdgeStatus;
	readonly isPassing: boolean;
}

/** Each edge by the sentences of docs/graph.md, one after the other. */
function plainEdges(input: GraphInput): PlainEdge[] {
	const { nodes } = input;
	const triples = new Map<string, [UnitId, string, UnitId]>();
	const add = (from: UnitId, output: string, to: UnitId) =>
		triples.set(`${from} ${output} ${to}`, [from, output, to]);
	const copies = (to: UnitId) => {
		const facts = nodes.get(to)?.facts;
		return facts?.kind !== "facts"
			? []
			: facts.facts.recorded.filter(
					(one) => one.from !== to && (!one.isCandidate || nodes.has(one.from)),
				);
	};
	for (const { from, output, to } of [...input.declared, ...input.reads]) add(from, output, to);
	for (const id of nodes.keys()) for (const one of copies(id)) add(one.from, one.output, id);
	return [...triples.values()].map(([from, output, to]) => {
		const [up, target] = [nodes.get(from), nodes.get(to)];
		const edge = (status: EdgeStatus) => ({
			...{ from, to, output, status },
			isPassing: status === "unknown" && passing(up, target),
		});
		if (up === undefined || target === undefined) return edge("unknown");
		if (up.facts.kind !== "facts" || up.version === null) return edge("unknown");
		const now = up.facts.facts.isOpaque ? undefined : up.facts.facts.outputs.get(output);
		if (now === undefined) return edge("unknown");
		if (target.facts.kind === "loading" || target.facts.kind === "unreadable")
			return edge("unknown");
		if (target.version === null) return edge("pending");
		const seen = copies(to).filter((one) => one.from === from && one.output === output);
		if (seen.length > 0) return edge(seen.every((one) => one.digest === now) ? "ok" : "pending");
		const read = input.reads.findLast(
			(one) => one.from === from && one.output === output && one.to === to,
		);
		const number = target.acknowledged.get(from);
		const isOverruled =
			target.isAcknowledgedByHand && number !== undefined && (read?.at ?? "") <= at;
		if (read !== undefined && read.digest !== null && !isOverruled) {
			return edge(read.digest === now ? "ok" : "pending");
		}
		if (number === undefined) return edge("pending");
		const then = input.digestAt(from, number, output);
		return edge(then === undefined ? "unknown" : then === now ? "ok" : "pending");
	});
}

function passing(up: GraphNode | undefined, target: GraphNode | undefined): boolean {
	if (up === undefined) return false;
	if (up.facts.kind === "loading") return true;
	if (up.facts.kind !== "facts" || up.version === null) return false;
	return target?.facts.kind === "loading";
}

/** Everything below these, by going round until nothing is new. */
function below(roots: ReadonlySet<UnitId>, edges: readonly PlainEdge[]): Set<UnitId> {
	const found = new Set<UnitId>();
	for (let before = -1; before !== found.size; ) {
		before = found.size;
		for (const { from, to } of edges) if (roots.has(from) || found.has(from)) found.add(to);
	}
	return found;
}

function plainStatuses(input: GraphInput, edges: readonly PlainEdge[]): Map<UnitId, UnitStatus> {
	const ids = new Set([...input.nodes.keys(), ...edges.flatMap(({ from, to }) => [from, to])]);
	const into = (id: UnitId) => edges.filter(({ to }) => to === id);
	const red = new Set([...ids].filter((id) => into(id).some(({ status }) => status === "pending")));
	const yellow = below(red, edges);
	const isLoading = (id: UnitId) => input.nodes.get(id)?.facts.kind === "loading";
	const unsettled = new Set(
		[...ids].filter((id) => isLoading(id) || into(id).some(({ isPassing }) => isPassing)),
	);
	const afterUnsettled = below(unsettled, edges);
	return new Map(
		[...ids].map((id) => {
			const facts = input.nodes.get(id)?.facts;
			const isBlind =
				facts?.kind === "loading" ||
				facts?.kind === "unreadable" ||
				(facts?.kind === "facts" && facts.facts.isTruncated);
			const isUnknown = isBlind || into(id).some(({ status }) => status === "unknown");
			if (red.has(id)) return [id, "red"];
			if (yellow.has(id)) return [id, "yellow"];
			return [id, isUnknown || afterUnsettled.has(id) ? "unknown" : "green"];
		}),
	);
}

test("statuses are those of a naive recomputation", () => {
	forSeeds(
		1000,
		(random) => {
			const input = randomInput(random);
			const graph = compileGraph(input);
			const edges = plainEdges(input);
			const of = (list: readonly Omit<PlainEdge, "isPassing">[]) =>
				[
					...new Set(
						list.map(({ from, output, to, status }) => `${from}.${output} ${to} ${status}`),
					),
				].sort();
			expect(of(graph.edges)).toEqual(of(edges));
			for (const edge of graph.edges) expect(edge.reason === null).toBe(edge.status === "ok");
			const statuses = plainStatuses(input, edges);
			const compiled = [...graph.units.values()].map(({ id, status }) => [id, status]).sort();
			expect(compiled).toEqual([...statuses].map(([id, status]) => [id, status]).sort());
			for (const { status, cause } of graph.units.values()) {
				if (status === "yellow") expect(graph.units.get(cause as UnitId)?.status).toBe("red");
			}
		},
		seed,
	);
});

test("what is remembered of earlier compilations changes nothing", () => {
	forSeeds(
		80,
		(random) => {
			const memory = new GraphMemory();
			let input = randomInput(random);
			for (let step = 0; step < 8; step++) {
				const known = compileGraph(input, memory);
				expect(known).toEqual(compileGraph(input));
				const other = randomInput(random);
				const nodes = new Map([...input.nodes, ...other.nodes].filter(() => random.below(6) > 0));
				input = {
					...input,
					nodes,
					declared: random.below(3) === 0 ? other.declared : input.declared,
					reads: random.below(3) === 0 ? other.reads : input.reads,
					digestAt: (unit, version, output) =>
						version === 0 ? null : version === 1 ? "d1" : `${unit}${output}`,
				};
				if (step === 0) memory.clear();
			}
		},
		seed,
	);
});

describe("components and waves", () => {
	const randomLinks = (random: Seeded) => {
		const size = 1 + random.below(10);
		const links = Array.from({ length: random.below(18) }, () => [
			random.below(size),
			random.below(size),
		]);
		const nodes = Array.from({ length: size }, (_, index) => index);
		const next = (node: number) => links.flatMap(([a, b]) => (a === node ? [b as number] : []));
		const reach = (from: number) => {
			const seen = new Set<number>(next(from));
			for (const one of seen) for (const two of next(one)) seen.add(two);
			return seen;
		};
		return { nodes, next, reach };
	};

	test("nodes are together exactly when each reaches the other, and no component comes too early", () => {
		forSeeds(
			1000,
			(random) => {
				const { nodes, next, reach } = randomLinks(random);
				const found = components(nodes, next);
				expect(found.flat().sort()).toEqual([...nodes].sort());
				const place = new Map(found.flatMap((one, index) => one.map((node) => [node, index])));
				for (const a of nodes) {
					for (const b of nodes) {
						const isTogether = a === b || (reach(a).has(b) && reach(b).has(a));
						expect(place.get(a) === place.get(b)).toBe(isTogether);
						if (reach(a).has(b)) {
							expect(place.get(a) as number).toBeLessThanOrEqual(place.get(b) as number);
						}
					}
				}
			},
			seed,
		);
	});

	test("whoever is reached comes in a later wave, also by way of what is not wanted", () => {
		forSeeds(
			1000,
			(random) => {
				const { nodes, next, reach } = randomLinks(random);
				const unwanted = new Set(nodes.filter(() => random.below(4) === 0));
				const found = waves(nodes, next, (node) => !unwanted.has(node));
				const wave = new Map([...found].flatMap((one, at) => (one ?? []).map((n) => [n, at])));
				expect([...wave.keys()].sort()).toEqual(nodes.filter((n) => !unwanted.has(n)).sort());
				for (const a of wave.keys()) {
					for (const b of wave.keys()) {
						if (a === b || !reach(a).has(b)) continue;
						const [one, other] = [wave.get(a) as number, wave.get(b) as number];
						if (reach(b).has(a)) expect(one).toBe(other);
						else expect(one).toBeLessThan(other);
					}
				}
			},
			seed,
		);
	});

	test("a chain of 100,000 needs no stack", () => {
		const size = 100_000;
		const nodes = Array.from({ length: size }, (_, index) => index);
		const next = (node: number) => (node + 1 < size ? [node + 1] : []);
		expect(components(nodes, next).length).toBe(size);
		expect(waves(nodes, next, () => true).length).toBe(size);
		expect(components(nodes, (node) => [(node + 1) % size]).length).toBe(1);
	});
});
