/** Strongly connected components and the order that they allow: linear, and without recursion. */

/** Gives the nodes that come after a node. */
export type Successors<T> = (node: T) => Iterable<T>;

/**
 * The strongly connected components, each before those that it leads to. A component of more than
 * one node is a cycle.
 */
export function components<T>(nodes: Iterable<T>, successors: Successors<T>): T[][] {
	const state = new Map<T, { order: number; low: number; isOpen: boolean }>();
	const open: T[] = [];
	const found: T[][] = [];
	for (const root of nodes) {
		if (state.has(root)) continue;
		const path: { node: T; rest: Iterator<T> }[] = [];
		const enter = (node: T) => {
			state.set(node, { order: state.size, low: state.size, isOpen: true });
			open.push(node);
			path.push({ node, rest: successors(node)[Symbol.iterator]() });
		};
		enter(root);
		for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
			const mine = state.get(step.node);
			const next = step.rest.next();
			if (mine === undefined) break;
			if (next.done !== true) {
				const other = state.get(next.value);
				if (other === undefined) enter(next.value);
				else if (other.isOpen) mine.low = Math.min(mine.low, other.order);
				continue;
			}
			path.pop();
			const above = path.at(-1);
			const outer = above === undefined ? undefined : state.get(above.node);
			if (outer !== undefined) outer.low = Math.min(outer.low, mine.low);
			if (mine.low === mine.order) found.push(closed(open, step.node, state));
		}
	}
	return found.reverse();
}

function closed<T>(open: T[], root: T, state: Map<T, { isOpen: boolean }>): T[] {
	const component: T[] = [];
	for (let node = open.pop(); node !== undefined; node = open.pop()) {
		const known = state.get(node);
		if (known !== undefined) known.isOpen = false;
		component.push(node);
		if (node === root) break;
	}
	return component.reverse();
}

/** Everything that can be reached from the roots, the roots included. */
export function reachable<T>(roots: Iterable<T>, successors: Successors<T>): Set<T> {
	const seen = new Set<T>(roots);
	// A set gives what is added to it while it is walked.
	for (const node of seen) for (const next of successors(node)) seen.add(next);
	return seen;
}

/**
 * Waves: the members of one do not depend on each other except within a cycle, and each depends on
 * earlier ones only. Nodes outside of `wanted` order those inside and are not given.
 */
export function waves<T>(
	nodes: Iterable<T>,
	successors: Successors<T>,
	wanted: (node: T) => boolean,
): T[][] {
	const level = new Map<T, number>();
	const result: T[][] = [];
	for (const component of components(nodes, successors)) {
		const own = Math.max(...component.map((node) => level.get(node) ?? 0));
		const isCounting = component.some(wanted);
		for (const node of component) {
			level.set(node, own);
			if (!wanted(node)) continue;
			const wave = result[own] ?? [];
			result[own] = wave;
			wave.push(node);
		}
		const inside = new Set(component);
		for (const node of component) {
			for (const next of successors(node)) {
				if (inside.has(next)) continue;
				level.set(next, Math.max(level.get(next) ?? 0, own + (isCounting ? 1 : 0)));
			}
		}
	}
	return result;
}
