/** What the graph needs of one version of a state: digests, and what was read. Never a value. */
import type { ExactObject } from "../../lib/exact-json.ts";
import { limits } from "../limits.ts";
import type { Reading, StateIndex } from "../state-index/index-facts.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { attributesOf, type Declarations, declarationsOf, noDeclarations } from "./declarations.ts";
import type { Digester } from "./digest.ts";
import {
	dynamicValue,
	membersOf,
	type ReadingSource,
	readingSource,
	type ServerAddresses,
} from "./reading-source.ts";

/** One output that the state holds a copy of. */
export interface Recorded {
	readonly from: UnitId;
	readonly output: string;
	readonly digest: string;
	/** Counts only if the unit exists here. */
	readonly isCandidate: boolean;
}

export interface StateFacts {
	/** Digests by the outputs' names. */
	readonly outputs: ReadonlyMap<string, string>;
	/** Nothing inside can be read. */
	readonly isOpaque: boolean;
	/** An output that is not here may be in the state all the same. */
	readonly isMissingOutputs: boolean;
	readonly recorded: readonly Recorded[];
	/** Readings of what is no unit of this server. */
	readonly externalCount: number;
	/** Readings may have been cut. */
	readonly isTruncated: boolean;
	readonly declarations: Declarations;
}

/** The facts of a state that does not exist. */
export const noFacts: StateFacts = {
	outputs: new Map(),
	isOpaque: false,
	isMissingOutputs: false,
	recorded: [],
	externalCount: 0,
	isTruncated: false,
	declarations: noDeclarations,
};

export const opaqueFacts: StateFacts = { ...noFacts, isOpaque: true };

const consuming: ReadonlySet<string> = new Set([
	"terraform_remote_state",
	"tfe_outputs",
	"opentaco_outputs",
]);

/**
 * The facts of a state's index; `isSystemUnit` says whether its declarations count.
 * @throws SyntaxError when the index holds no JSON.
 */
export function factsOf(
	index: StateIndex,
	digester: Digester,
	addresses: ServerAddresses,
	isSystemUnit: boolean,
): StateFacts {
	if (index.isOpaque) return opaqueFacts;
	const outputs = new Map<string, string>();
	for (const { name, valueText } of index.outputs) outputs.set(name, digester.ofText(valueText));
	const recorded: Recorded[] = [];
	let externalCount = 0;
	let isCut = false;
	for (const reading of index.readings) {
		if (reading.mode !== "data" || !consuming.has(reading.type)) continue;
		const attributes = attributesOf(reading);
		const source = readingSource(reading.type, attributes, addresses);
		if (source.kind === "external") externalCount++;
		else if (recorded.length >= limits.graphRecordedPerUnitMax) isCut = true;
		else {
			const found = recordedIn(reading, attributes, source, digester);
			const left = limits.graphRecordedPerUnitMax - recorded.length;
			recorded.push(...found.slice(0, left));
			isCut ||= found.length > left;
		}
	}
	return {
		outputs,
		isOpaque: false,
		isMissingOutputs: index.isMissingOutputs,
		recorded,
		externalCount,
		isTruncated: isCut || (index.isTruncated && !index.isMissingOutputs),
		declarations: isSystemUnit ? declarationsOf(index) : noDeclarations,
	};
}

function recordedIn(
	reading: Reading,
	attributes: ExactObject,
	source: Exclude<ReadingSource, { kind: "external" }>,
	digester: Digester,
): Recorded[] {
	const values =
		reading.type === "terraform_remote_state"
			? membersOf(dynamicValue(attributes.get("outputs")))
			: new Map([
					...["nonsensitive_values", "values", "sensitive_values"].flatMap((name) => [
						...membersOf(dynamicValue(attributes.get(name))),
					]),
				]);
	return [...values].flatMap(([output, value]) =>
		value === null
			? []
			: [
					{
						from: source.unit,
						output,
						digest: digester.of(value),
						isCandidate: source.kind === "candidate",
					},
				],
	);
}
