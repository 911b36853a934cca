import type { VariableView } from "../../../api/variables.ts";
import { command } from "../../command.ts";
import { assignment } from "../env.ts";
import { unitArgument, unitOf } from "./variable-arguments.ts";

const shells = ["bash", "zsh", "sh", "fish", "powershell"] as const;

export default command({
	details:
		"Prints what a shell runs so that Terraform finds the unit's variables, those of variable sets too:\nTF_VAR_… for those of the configuration, the others under their own names. Sensitive ones, and names that\nno shell takes, are left out and named on stderr.",
	examples: ['eval "$(taco variable export myapp/prod)"'],
	args: {
		unit: unitArgument,
		shell: {
			type: "enum",
			options: [...shells],
			description: "The shell's language; bash by default",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { variables } = await cli.client();
		const all = await variables.list(id, { inherited: true, signal: cli.signal });
		const list = all.filter(({ counts }) => counts !== false);
		const leftOut = list.filter((one) => pairOf(one).length === 0);
		if (cli.output.json) {
			await cli.output.document(Object.fromEntries(list.flatMap(pairOf)));
		} else {
			for (const [name, value] of list.flatMap(pairOf)) {
				await cli.output.text(`${assignment(args.shell ?? "bash", name, value)}\n`);
			}
		}
		if (leftOut.length > 0) {
			await cli.output.note(`Left out: ${leftOut.map(({ key }) => key).join(", ")}`);
		}
	},
});

function pairOf({ key, value, category }: VariableView): [string, string][] {
	const name = category === "env" ? key : `TF_VAR_${key}`;
	return value === null || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? [] : [[name, value]];
}
