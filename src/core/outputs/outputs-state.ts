/**
 * A state that holds outputs and nothing else, for those who may read no more: Terraform's
 * `terraform_remote_state` takes it like any other. The same outputs of the same version give the
 * same bytes, so that its hashes can stand for it.
 */
import type { IndexedOutput } from "../state-index/index-facts.ts";

export interface OutputsStateFacts {
	readonly terraformVersion: string | null;
	readonly serial: number | null;
	readonly lineage: string | null;
}

/** The bytes; values and types as they stand in the whole state. */
export function outputsStateBytes(
	facts: OutputsStateFacts,
	outputs: readonly IndexedOutput[],
): Uint8Array {
	const members = outputs.map(({ name, valueText, typeText, isSensitive }) => {
		const fields = [
			`"value": ${valueText}`,
			...(typeText === null ? [] : [`"type": ${typeText}`]),
			...(isSensitive ? ['"sensitive": true'] : []),
		];
		return `${JSON.stringify(name)}: {${fields.join(", ")}}`;
	});
	const lines = [
		'"version": 4',
		`"terraform_version": ${JSON.stringify(facts.terraformVersion ?? "")}`,
		`"serial": ${facts.serial ?? 0}`,
		`"lineage": ${JSON.stringify(facts.lineage ?? "")}`,
		members.length === 0 ? '"outputs": {}' : `"outputs": {\n    ${members.join(",\n    ")}\n  }`,
		'"resources": []',
		'"check_results": null',
	];
	return new TextEncoder().encode(`{\n  ${lines.join(",\n  ")}\n}\n`);
}
