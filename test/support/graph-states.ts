/** States that declare and read: what the graph is made of. */

export interface StateContent {
	readonly outputs?: Readonly<Record<string, unknown>>;
	readonly resources?: readonly unknown[];
}

/** A state's text, as Terraform writes it. */
export function stateText(
	serial: number,
	lineage: string,
	{ outputs = {}, resources = [] }: StateContent,
): string {
	const written = Object.entries(outputs).map(([name, value]) => [
		name,
		{ value, type: "dynamic" },
	]);
	return JSON.stringify({
		version: 4,
		terraform_version: "1.11.4",
		serial,
		lineage,
		outputs: Object.fromEntries(written),
		resources,
		check_results: null,
	});
}

/** A managed `opentaco_dependency`. */
export function dependency(name: string, from: string, output: string, to: string): unknown {
	return {
		mode: "managed",
		type: "opentaco_dependency",
		name,
		provider: 'provider["registry.terraform.io/digger/opentaco"]',
		instances: [
			{
				schema_version: 0,
				attributes: { from_unit_id: from, from_output: output, to_unit_id: to, to_input: null },
			},
		],
	};
}

/** What `terraform_remote_state` leaves in a state. */
export function remoteState(
	name: string,
	backend: string,
	config: Readonly<Record<string, unknown>>,
	outputs: Readonly<Record<string, unknown>>,
	workspace: string | null = null,
): unknown {
	const attributes = {
		backend,
		config: { value: config, type: ["object", {}] },
		defaults: null,
		outputs: { value: outputs, type: ["object", {}] },
		workspace,
	};
	return {
		mode: "data",
		type: "terraform_remote_state",
		name,
		provider: 'provider["terraform.io/builtin/terraform"]',
		instances: [{ schema_version: 0, attributes }],
	};
}
