/** Bugs that live values in the system unit's state are easily written with. See planted-bugs.ts. */
import type { PlantedBug } from "./planted-bugs.ts";
import type { Edit } from "./planted-code.ts";

const refresher = "core/system-unit/refresher.ts";
const upkeep = "core/upkeep.ts";

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

export const overlayBugs: readonly PlantedBug[] = [
	{
		name: "live values are shown while the unit is locked",
		focus: "overlay",
		seedsMax: 20,
		edits: [edit(refresher, 'if (state.lock !== null) return "locked";', "")],
	},
	{
		name: "an overlay of what was current when it was made",
		focus: "overlay",
		seedsMax: 40,
		edits: [edit(refresher, "if (state === null || now !== generation)", "if (state === null)")],
	},
	{
		name: "the overlay's body after the record",
		focus: "overlay",
		seedsMax: 40,
		edits: [
			edit(
				refresher,
				": await bodies.putBytes(unit, generation + 1, bytes, facts);",
				": await new (bodies.constructor as any)({ put: (key: string, b: Uint8Array) => void clock.sleep(60).then(() => (bodies as any).late(key, b)) }, random).putBytes(unit, generation + 1, bytes, facts);",
			),
			edit(
				"core/state/body-store.ts",
				"\t/** Removes a body that no record will refer to.",
				"\tlate(key: string, bytes: Uint8Array): void {\n\t\tthis.#store.put(key, bytes).catch(() => undefined);\n\t}\n\n\t/** Removes a body that no record will refer to.",
			),
		],
	},
	{
		name: "an overlay outlives the version that it shows",
		focus: "overlay",
		seedsMax: 20,
		edits: [
			edit(
				"core/unit/changes.ts",
				"...(options.isCurrent ? withoutOverlay(state) : state),",
				"...state,",
			),
		],
	},
	{
		name: "an overlay that was replaced is not known as ours",
		focus: "overlay",
		seedsMax: 100,
		edits: [
			edit(
				"core/unit/overlay.ts",
				"presented: presented.slice(-limits.presentationsKept)",
				"presented: []",
			),
		],
	},
	{
		name: "what is shown already is shown again",
		focus: "overlay",
		seedsMax: 20,
		edits: [edit(refresher, 'if (edited === bytes && isShown) return "unchanged";', "")],
	},
	{
		name: "the overlay's body is pruned",
		focus: "overlay",
		seedsMax: 200,
		edits: [
			edit("core/retention/pruner.ts", "if (overlay !== undefined) versions.push(overlay);", ""),
		],
	},
	{
		name: "values are shown as they were when the state was written",
		focus: "overlay",
		seedsMax: 20,
		edits: [
			edit(upkeep, "onSwept: () => systemState.request(),", ""),
			edit(
				"core/system-unit/live-values.ts",
				"source.onChange(() => state.request());",
				"source.onChange(() => {});",
			),
		],
	},
];
