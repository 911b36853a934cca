/** The graph as a picture that needs nothing beside itself: no font, no script, no style sheet. */
import type { GraphEdgeView, GraphView, UnitStatus } from "../../api/graph.ts";
import { bendOf, type Label, labelsOf, type Wording } from "./labels.ts";
import { type Box, type Line, layoutOf, type PlacedBox, type Point } from "./layout.ts";
import { statusWords } from "./words.ts";

interface Colors {
	readonly fill: string;
	readonly line: string;
	readonly darkFill: string;
	readonly darkLine: string;
}

export const statusColors: Readonly<Record<UnitStatus, Colors>> = {
	green: { fill: "#e3f6e7", line: "#2a8a43", darkFill: "#12301b", darkLine: "#4cc26d" },
	yellow: { fill: "#fdf3c9", line: "#b58400", darkFill: "#362b08", darkLine: "#e0b43a" },
	red: { fill: "#fde2df", line: "#c93a2e", darkFill: "#3d1512", darkLine: "#f0776c" },
	unknown: { fill: "#eceef2", line: "#6b7484", darkFill: "#252a33", darkLine: "#97a1b3" },
};

const margin = 28;
const boxHeight = 46;
const characterWidth = 8.1;
const labelsMax = 2;

interface Link extends Line {
	readonly outputs: readonly string[];
	readonly status: GraphEdgeView["status"];
}

/** An SVG document. */
export function svgOf(graph: GraphView): string {
	const links = linksOf(graph.edges);
	const linked = new Set(links.flatMap(({ from, to }) => [from, to]));
	const shown = graph.units.filter(({ unit_id }) => linked.has(unit_id));
	const units = new Map(shown.map((unit) => [unit.unit_id, unit]));
	const layout = layoutOf(shown.map(boxOf), links);
	const alone = graph.units.length - shown.length;
	const legend = legendOf(layout.height + margin * 2, alone);
	const width = Math.ceil(Math.max(layout.width, 620) + margin * 2);
	const height = Math.ceil(layout.height + margin * 2 + 40);
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
		"<title>Units and the outputs that they use of each other</title>",
		`<style>${style()}</style>`,
		markers(),
		`<rect class="page" width="${width}" height="${height}"/>`,
		`<g transform="translate(${margin} ${margin})">`,
		...layout.lines.map(({ line, points }) => lineOf(line, points)),
		...layout.boxes.map((box) => unitOf(box, units.get(box.name))),
		...labelsOf(layout, wordingOf).map(labelText),
		"</g>",
		legend,
		"</svg>",
	];
	return `${parts.join("\n")}\n`;
}

function linksOf(edges: readonly GraphEdgeView[]): Link[] {
	const links = new Map<
		string,
		{ from: string; to: string; outputs: Set<string>; status: string }
	>();
	const urgency = ["ok", "unknown", "pending"];
	for (const { from_unit_id: from, to_unit_id: to, from_output, status } of edges) {
		const key = `${from}\n${to}`;
		const link = links.get(key) ?? { from, to, outputs: new Set<string>(), status: "ok" };
		link.outputs.add(from_output);
		if (urgency.indexOf(status) > urgency.indexOf(link.status)) link.status = status;
		links.set(key, link);
	}
	return [...links.values()].map(({ from, to, outputs, status }) => ({
		...{ from, to, outputs: [...outputs].sort() },
		status: status as Link["status"],
	}));
}

function boxOf({ unit_id }: GraphView["units"][number]): Box {
	const widest = Math.max(unit_id.length, 16);
	return { name: unit_id, width: Math.ceil(widest * characterWidth) + 30, height: boxHeight };
}

function unitOf(box: PlacedBox, unit: GraphView["units"][number] | undefined): string {
	const status = unit?.status ?? "unknown";
	const isMissing = unit?.exists !== true;
	const words = isMissing ? "no such unit" : statusWords[status];
	const { x, y, width, height } = box;
	return [
		`<g class="unit ${status}${isMissing ? " missing" : ""}" transform="translate(${round(x)} ${round(y)})">`,
		`<rect width="${width}" height="${height}" rx="7"/>`,
		`<rect class="bar" width="5" height="${height - 14}" x="8" y="7" rx="2.5"/>`,
		`<text class="name" x="22" y="20">${escaped(box.name)}</text>`,
		`<text class="status" x="22" y="36">${words}</text>`,
		"</g>",
	].join("");
}

function lineOf({ from, to, outputs, status }: Link, points: readonly Point[]): string {
	const title = `${from} to ${to}: ${outputs.join(", ")}`;
	return `<path class="line ${status}" d="${curve(points)}" marker-end="url(#end-${status})"><title>${escaped(title)}</title></path>`;
}

function curve(points: readonly Point[]): string {
	const [first] = points;
	if (first === undefined) return "";
	let path = `M${round(first.x)} ${round(first.y)}`;
	for (const [index, point] of points.entries()) {
		const before = points[index - 1];
		if (before === undefined) continue;
		const { reach, bend } = bendOf(before, point);
		path += ` C${round(before.x + reach)} ${round(before.y + bend)} ${round(point.x - reach)} ${round(point.y + bend)} ${round(point.x)} ${round(point.y)}`;
	}
	return path;
}

function labelText({ line, text, x, y }: Label<Link>): string {
	return `<text class="label ${line.status}" x="${round(x)}" y="${round(y)}">${escaped(text)}</text>`;
}

function wordingOf({ outputs, status }: Link): Wording {
	const more = outputs.length - labelsMax;
	const text = outputs.slice(0, labelsMax).join(", ") + (more > 0 ? ` +${more}` : "");
	const shown = text.length > 24 ? `${text.slice(0, 23)}…` : text;
	return { text: shown, isUrgent: status === "pending" };
}

function legendOf(y: number, alone: number): string {
	let x = margin;
	const entries = (Object.keys(statusWords) as UnitStatus[]).map((status) => {
		const words = statusWords[status];
		const entry = `<g class="unit ${status}" transform="translate(${x} ${round(y)})"><rect width="14" height="14" rx="3"/><text class="legend" x="20" y="11">${words}</text></g>`;
		x += 34 + words.length * 6.6;
		return entry;
	});
	const rest =
		alone === 0
			? ""
			: `<text class="legend" x="${round(x)}" y="${round(y + 11)}">${alone} more without edges</text>`;
	return entries.join("") + rest;
}

function markers(): string {
	const marks = ["ok", "pending", "unknown"].map(
		(status) =>
			`<marker id="end-${status}" class="end ${status}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>`,
	);
	return `<defs>${marks.join("")}</defs>`;
}

function style(): string {
	const statuses = Object.entries(statusColors);
	const light = statuses.map(
		([name, { fill, line }]) =>
			`.${name} rect{fill:${fill};stroke:${line}}.${name} .bar{fill:${line};stroke:none}.${name} .status{fill:${line}}`,
	);
	const dark = statuses.map(
		([name, { darkFill, darkLine }]) =>
			`.${name} rect{fill:${darkFill};stroke:${darkLine}}.${name} .bar{fill:${darkLine};stroke:none}.${name} .status{fill:${darkLine}}`,
	);
	return [
		'text{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1c2430}',
		".page{fill:#fff}.name{font-size:13px;font-weight:600}.status,.legend{font-size:11px}",
		".legend{fill:#4d5666}.label{font-size:10.5px;text-anchor:middle;fill:#4d5666;stroke:#fff;stroke-width:4px;paint-order:stroke}",
		".line{fill:none;stroke:#97a1b3;stroke-width:1.5}.line.pending{stroke:#c93a2e;stroke-width:2}.line.unknown{stroke-dasharray:5 4}",
		".end path{fill:#97a1b3}.end.pending path{fill:#c93a2e}.label.pending{fill:#c93a2e}.missing rect{stroke-dasharray:4 3}",
		...light,
		"@media (prefers-color-scheme:dark){text{fill:#e6e9ef}.page{fill:#14181f}.legend{fill:#a8b0be}",
		".label{fill:#a8b0be;stroke:#14181f}.label.pending{fill:#f0776c}.line.pending{stroke:#f0776c}.end.pending path{fill:#f0776c}",
		...dark,
		"}",
	].join("");
}

function escaped(text: string): string {
	const entities: Readonly<Record<string, string>> = {
		"&": "&amp;",
		"<": "&lt;",
		">": "&gt;",
		'"': "&quot;",
	};
	return text.replace(/[&<>"]/g, (mark) => entities[mark] ?? mark).replace(/\p{Cc}/gu, " ");
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}
