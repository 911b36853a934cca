/**
 * Where names of outputs stand in the picture: on their line, and neither on a box nor on another
 * name. What finds no room is left out, and stands in the line's title; pending lines come first,
 * and are always named.
 */
import type { Layout, Line, PlacedBox, Point } from "./layout.ts";

/** A text on a line, by its middle and its base line. */
export interface Label<L extends Line> {
	readonly line: L;
	readonly text: string;
	readonly x: number;
	readonly y: number;
}

/** What a label says, and whether it must be shown. */
export interface Wording {
	readonly text: string;
	readonly isUrgent: boolean;
}

type Rectangle = Pick<PlacedBox, "x" | "y" | "width" | "height">;

const characterWidth = 6.4;
const lineHeight = 13;
/** Shares of a stretch of line at which a label may stand, the best first. */
const places = [0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.18, 0.82];

/** Labels for the lines, as many as find room. */
export function labelsOf<L extends Line>(
	layout: Layout<L>,
	wordingOf: (line: L) => Wording,
): Label<L>[] {
	const worded = layout.lines.map(({ line, points }) => ({ line, points, ...wordingOf(line) }));
	worded.sort((one, other) => Number(other.isUrgent) - Number(one.isUrgent));
	const taken: Rectangle[] = [...layout.boxes];
	const labels: Label<L>[] = [];
	for (const { line, points, text, isUrgent } of worded) {
		const spots = spotsOn(points);
		const rectangleAt = ({ x, y }: Point) => {
			const width = text.length * characterWidth + 6;
			return { x: x - width / 2, y: y - lineHeight + 3, width, height: lineHeight };
		};
		const free = spots.find((spot) => !taken.some((one) => isOver(one, rectangleAt(spot))));
		const spot = free ?? (isUrgent ? spots[0] : undefined);
		if (spot === undefined) continue;
		taken.push(rectangleAt(spot));
		labels.push({ line, text, ...spot });
	}
	return labels;
}

/** The curve between two points: level at each; one that goes back swings out below. */
export function bendOf(before: Point, point: Point): { reach: number; bend: number } {
	const span = point.x - before.x;
	return span > 0 ? { reach: span / 2, bend: 0 } : { reach: 90, bend: 60 };
}

function spotsOn(points: readonly Point[]): Point[] {
	return points.slice(1).flatMap((point, index) => {
		const before = points[index] ?? point;
		return places.map((share) => {
			const { x, y } = along(before, point, share);
			return { x, y: y - 5 };
		});
	});
}

/** The point at this share of the way along the curve. */
function along(from: Point, to: Point, share: number): Point {
	const { reach, bend } = bendOf(from, to);
	const [a, b] = [(1 - share) ** 3, 3 * (1 - share) ** 2 * share];
	const [c, d] = [3 * (1 - share) * share ** 2, share ** 3];
	return {
		x: a * from.x + b * (from.x + reach) + c * (to.x - reach) + d * to.x,
		y: a * from.y + b * (from.y + bend) + c * (to.y + bend) + d * to.y,
	};
}

function isOver(one: Rectangle, other: Rectangle): boolean {
	return (
		one.x < other.x + other.width &&
		other.x < one.x + one.width &&
		one.y < other.y + other.height &&
		other.y < one.y + one.height
	);
}
