/** Labels of units: keys and values that people give them, and what rights go by. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { WorkspaceRecord } from "./record.ts";

export type Labels = Readonly<Record<string, string>>;

/** Keys that begin so are the platform's own; nobody gives a unit such a label. */
const ownKeyPrefix = "__";

/** Under this key the unit's project stands among the labels that rights go by. */
export const projectLabel = `${ownKeyPrefix}project`;

/** The project of units that nobody put elsewhere. */
export const defaultProjectId = "prj-default";

/** What rules about labels see: the unit's own, and its project. */
export function labelsForRights(unit: {
	readonly labels: Labels;
	readonly workspace?: WorkspaceRecord | undefined;
}): Labels {
	return { ...unit.labels, [projectLabel]: unit.workspace?.project ?? defaultProjectId };
}

/** Fails with `invalid_request`. */
export function checkLabels(labels: Labels): void {
	const entries = Object.entries(labels);
	const isBad = entries.some(
		([key, value]) =>
			key === "" ||
			key.startsWith(ownKeyPrefix) ||
			Buffer.byteLength(key) > limits.labelKeyBytesMax ||
			Buffer.byteLength(value) > limits.labelValueBytesMax,
	);
	if (entries.length > limits.labelsMax || isBad) {
		throw new DomainError("invalid_request", "the labels are not acceptable", {
			hint: `at most ${limits.labelsMax} labels; keys of 1 to ${limits.labelKeyBytesMax} bytes that do not begin with \`${ownKeyPrefix}\`, values up to ${limits.labelValueBytesMax} bytes`,
		});
	}
}
