/** Names of outputs in the picture of the graph: readable, however many there are. */
import { expect, test } from "bun:test";
import { labelsOf } from "../../../src/cli/graph/labels.ts";
import { layoutOf } from "../../../src/cli/graph/layout.ts";

const layers = [3, 6, 9, 6];
const names = layers.map((count, layer) =>
	Array.from({ length: count }, (_, at) => `layer-${layer}/a-unit-with-a-long-name-${at}`),
);
const boxes = names.flat().map((name) => ({ name, width: name.length * 8 + 30, height: 46 }));
const lines = names
	.slice(1)
	.flatMap((below, at) =>
		below.flatMap((to, index) =>
			(names[at] ?? [])
				.filter((_, up) => (up + index) % 2 === 0)
				.map((from) => ({ from, to, isPending: index === 0 })),
		),
	);

test("names stand neither on boxes nor on each other, and those of pending edges are all there", () => {
	const layout = layoutOf(boxes, lines);
	const labels = labelsOf(layout, ({ isPending }) => ({ text: "vpc_id", isUrgent: isPending }));
	expect(labels.length).toBeGreaterThan(lines.length / 2);
	expect(labels.filter(({ line }) => line.isPending)).toHaveLength(
		lines.filter(({ isPending }) => isPending).length,
	);
	const areas = labels.map(({ x, y, text }) => {
		const width = text.length * 6;
		return { x: x - width / 2, y: y - 10, width, height: 10 };
	});
	const isOver = (one: (typeof areas)[number], other: (typeof areas)[number]) =>
		one.x < other.x + other.width &&
		other.x < one.x + one.width &&
		one.y < other.y + other.height &&
		other.y < one.y + one.height;
	for (const [at, area] of areas.entries()) {
		expect(layout.boxes.filter((box) => isOver(box, area))).toEqual([]);
		expect(areas.slice(at + 1).filter((other) => isOver(other, area))).toEqual([]);
	}
});
