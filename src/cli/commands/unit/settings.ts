import type { UnitSettingsChange } from "../../../api/units.ts";
import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

/** With a value: what is not given stays, so a switch could never be turned off. */
const onOff = (description: string) => ({
	type: "enum" as const,
	options: ["true", "false"],
	description,
});

const texts = [
	...["description", "project", "terraform-version", "execution-mode", "working-directory"],
];
const flags = ["auto-apply", "global-remote-state", "allow-destroy-plan"];

export default command({
	details:
		"The settings that a cloud block knows. Without a flag they are shown, with flags those are changed\nand the others stay.",
	examples: [
		"taco unit settings myapp/prod",
		'taco unit settings myapp/prod --description "The app" --auto-apply true',
		"taco unit settings myapp/prod --terraform-version '~> 1.11' --json",
	],
	args: {
		unit: unitArgument,
		description: { type: "string", valueHint: "TEXT", description: "What it is; empty: nothing" },
		project: { type: "string", valueHint: "NAME", description: "The project that it is in" },
		"terraform-version": {
			type: "string",
			valueHint: "VERSION",
			description: "latest, a version or a constraint",
		},
		"execution-mode": {
			type: "enum",
			options: ["local", "remote"],
			description: "Where runs happen",
		},
		"working-directory": { type: "string", valueHint: "DIR", description: "Where runs start" },
		"auto-apply": onOff("Whether runs apply by themselves"),
		"global-remote-state": onOff("What the TFE API says of shared states"),
		"allow-destroy-plan": onOff("Whether runs may plan to destroy"),
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const change: Record<string, unknown> = {};
		for (const name of [...texts, ...flags]) {
			const given = cli.all(name).at(-1);
			if (given === undefined) continue;
			change[name.replaceAll("-", "_")] = flags.includes(name) ? given === "true" : given;
		}
		if (change.description === "") change.description = null;
		const client = await cli.client();
		const call = { signal: cli.signal };
		const settings =
			Object.keys(change).length === 0
				? await client.getUnitSettings(id, call)
				: await client.updateUnitSettings(id, change as UnitSettingsChange, call);
		if (cli.output.json) {
			await cli.output.document(settings);
			return;
		}
		for (const [name, value] of Object.entries(settings)) {
			await cli.output.line(`${`${name}:`.padEnd(21)}${value ?? ""}`.trimEnd());
		}
	},
});
