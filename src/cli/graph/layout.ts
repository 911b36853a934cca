/**
 * Where the boxes of a picture stand: columns from left to right, each box right of those that it
 * hangs on, ordered so that few lines cross. Long lines get places of their own in the columns that
 * they pass. Time is linear in boxes and lines for each of a few passes.
 */

export interface Box {
	readonly name: string;
	readonly width: number;
	readonly height: number;
}

export interface Line {
	readonly from: string;
	readonly to: string;
}

export interface Point {
	readonly x: number;
	readonly y: number;
}

export interface PlacedBox extends Box, Point {}

export interface PlacedLine<L extends Line> {
	readonly line: L;
	/** From the right edge of one box to the left edge of the other, or the other way round. */
	readonly points: readonly Point[];
}

export interface Layout<L extends Line> {
	readonly boxes: readonly PlacedBox[];
	readonly lines: readonly PlacedLine<L>[];
	readonly width: number;
	readonly height: number;
}

interface Slot {
	/** null for a place that a line passes. */
	readonly box: Box | null;
	readonly height: number;
	readonly left: Slot[];
	readonly right: Slot[];
	order: number;
	y: number;
}

const columnGap = 150;
const rowGap = 18;
const passes = 8;
/** A line longer than this many columns is drawn straight. */
const columnsPassedMax = 40;

/** Places boxes and lines. Lines between boxes that are not given are left out. */
export function layoutOf<L extends Line>(boxes: readonly Box[], lines: readonly L[]): Layout<L> {
	const names = new Set(boxes.map((box) => box.name));
	const drawn = lines.filter(({ from, to }) => names.has(from) && names.has(to) && from !== to);
	const columnOf = columnsOf([...names], drawn);
	const slots = new Map(boxes.map((box) => [box.name, slot(box, box.height)]));
	const columns: Slot[][] = [];
	for (const box of boxes) at(columns, columnOf.get(box.name) ?? 0).push(slotOf(slots, box.name));
	const routes = drawn.map((line) => route(line, slots, columns, columnOf));
	order(columns);
	settle(columns);
	const widths = columns.map((column) => Math.max(...column.map((s) => s.box?.width ?? 0), 0));
	const starts = widths.map((_, index) =>
		widths.slice(0, index).reduce((sum, width) => sum + width + columnGap, 0),
	);
	const top = Math.min(0, ...columns.flat().map((s) => s.y - s.height / 2));
	for (const one of columns.flat()) one.y -= top;
	const placed = boxes.map((box) => {
		const y = slotOf(slots, box.name).y - box.height / 2;
		return { ...box, x: starts[columnOf.get(box.name) ?? 0] ?? 0, y };
	});
	const places = { starts, widths, columnOf };
	return {
		boxes: placed,
		lines: routes.map(({ line, passed }) => ({
			line,
			points: points(line, passed, slots, places),
		})),
		width: (starts.at(-1) ?? 0) + (widths.at(-1) ?? 0),
		height: Math.max(0, ...columns.flat().map((s) => s.y + s.height / 2)),
	};
}

function slot(box: Box | null, height: number): Slot {
	return { box, height, left: [], right: [], order: 0, y: 0 };
}

function slotOf(slots: ReadonlyMap<string, Slot>, name: string): Slot {
	return slots.get(name) ?? slot(null, 0);
}

function at(columns: Slot[][], index: number): Slot[] {
	for (let missing = columns.length; missing <= index; missing++) columns.push([]);
	return columns[index] ?? [];
}

/** The longest way to each box, without the lines that close a cycle. */
function columnsOf(names: readonly string[], lines: readonly Line[]): Map<string, number> {
	const below = new Map<string, string[]>();
	for (const { from, to } of lines) below.set(from, [...(below.get(from) ?? []), to]);
	const state = new Map<string, "open" | "done">();
	const sorted: string[] = [];
	const forward = new Map<string, string[]>();
	for (const root of names) {
		const stack = [{ name: root, next: 0 }];
		for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
			if (top.next === 0) {
				if (state.has(top.name)) {
					stack.pop();
					continue;
				}
				state.set(top.name, "open");
			}
			const child = below.get(top.name)?.[top.next++];
			if (child === undefined) {
				state.set(top.name, "done");
				sorted.push(top.name);
				stack.pop();
				continue;
			}
			if (state.get(child) === "open") continue;
			forward.set(top.name, [...(forward.get(top.name) ?? []), child]);
			if (!state.has(child)) stack.push({ name: child, next: 0 });
		}
	}
	const columns = new Map<string, number>();
	for (const name of sorted.reverse()) {
		const own = columns.get(name) ?? 0;
		columns.set(name, own);
		for (const child of forward.get(name) ?? []) {
			columns.set(child, Math.max(columns.get(child) ?? 0, own + 1));
		}
	}
	return columns;
}

/** Links the boxes' slots, by way of new ones in the columns between. */
function route<L extends Line>(
	line: L,
	slots: ReadonlyMap<string, Slot>,
	columns: Slot[][],
	columnOf: ReadonlyMap<string, number>,
): { line: L; passed: readonly Slot[] } {
	const [from, to] = [columnOf.get(line.from) ?? 0, columnOf.get(line.to) ?? 0];
	const passed: Slot[] = [];
	if (to - from > 1 && to - from <= columnsPassedMax) {
		for (let column = from + 1; column < to; column++) {
			const place = slot(null, 6);
			at(columns, column).push(place);
			passed.push(place);
		}
	}
	if (to > from) {
		const chain = [slotOf(slots, line.from), ...passed, slotOf(slots, line.to)];
		for (const [index, one] of chain.entries()) {
			const next = chain[index + 1];
			if (next === undefined) continue;
			one.right.push(next);
			next.left.push(one);
		}
	}
	return { line, passed };
}

/** Sorts each column by where its neighbours stand, from the left and from the right in turn. */
function order(columns: readonly Slot[][]): void {
	for (const column of columns) renumber(column);
	for (let pass = 0; pass < passes; pass++) {
		const isForward = pass % 2 === 0;
		for (const column of isForward ? columns : [...columns].reverse()) {
			const wish = new Map(
				column.map((s) => [s, mean(isForward ? s.left : s.right, (n) => n.order) ?? s.order]),
			);
			column.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0));
			renumber(column);
		}
	}
}

function renumber(column: readonly Slot[]): void {
	for (const [index, one] of column.entries()) one.order = index / Math.max(1, column.length - 1);
}

function mean(slots: readonly Slot[], of: (slot: Slot) => number): number | null {
	if (slots.length === 0) return null;
	return slots.reduce((sum, one) => sum + of(one), 0) / slots.length;
}

/** Heights: each slot near its neighbours, none over another. */
function settle(columns: readonly Slot[][]): void {
	for (const column of columns) spread(column, () => 0);
	for (let pass = 0; pass < passes; pass++) {
		const isForward = pass % 2 === 0;
		for (const column of isForward ? columns : [...columns].reverse()) {
			spread(column, (s) => mean(isForward ? s.left : s.right, (n) => n.y) ?? s.y);
		}
	}
}

/** Puts a column's slots as near to their wishes as their order and heights allow. */
function spread(column: readonly Slot[], wish: (slot: Slot) => number): void {
	const wishes = column.map(wish);
	const down: number[] = [];
	const up: number[] = [];
	const distance = (one: Slot, other: Slot) => (one.height + other.height) / 2 + rowGap;
	for (const [index, one] of column.entries()) {
		const above = column[index - 1];
		const least =
			above === undefined
				? Number.NEGATIVE_INFINITY
				: (down[index - 1] ?? 0) + distance(above, one);
		down.push(Math.max(wishes[index] ?? 0, least));
	}
	for (let index = column.length - 1; index >= 0; index--) {
		const one = column[index];
		const below = column[index + 1];
		if (one === undefined) continue;
		const most =
			below === undefined ? Number.POSITIVE_INFINITY : (up[index + 1] ?? 0) - distance(one, below);
		up[index] = Math.min(wishes[index] ?? 0, most);
	}
	for (const [index, one] of column.entries()) one.y = ((down[index] ?? 0) + (up[index] ?? 0)) / 2;
}

interface Places {
	readonly starts: readonly number[];
	readonly widths: readonly number[];
	readonly columnOf: ReadonlyMap<string, number>;
}

function points(
	line: Line,
	passed: readonly Slot[],
	slots: ReadonlyMap<string, Slot>,
	{ starts, widths, columnOf }: Places,
): Point[] {
	const [from, to] = [columnOf.get(line.from) ?? 0, columnOf.get(line.to) ?? 0];
	const [one, other] = [slotOf(slots, line.from), slotOf(slots, line.to)];
	const between = passed.flatMap((place, index) => {
		const column = from + 1 + index;
		const x = starts[column] ?? 0;
		return [
			{ x, y: place.y },
			{ x: x + (widths[column] ?? 0), y: place.y },
		];
	});
	return [
		{ x: (starts[from] ?? 0) + (one.box?.width ?? 0), y: one.y },
		...between,
		{ x: starts[to] ?? 0, y: other.y },
	];
}
