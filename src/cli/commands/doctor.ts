import type { Passthrough } from "../command.ts";

const doctor: Passthrough = {
	async passthrough(argv, cli) {
		const { doctor } = await import("../../server/doctor.ts");
		const json = argv.includes("--json");
		const { out, err } = cli.io;
		const pending: Promise<void>[] = [];
		const code = await doctor(
			argv.filter((word) => word !== "--json"),
			{
				out: (line) => void pending.push(out.write(`${line}\n`)),
				err: (line) => void pending.push(err.write(`${line}\n`)),
				json,
			},
		);
		await Promise.all(pending);
		return code;
	},
	async help() {
		const lines: string[] = [];
		const { doctor } = await import("../../server/doctor.ts");
		await doctor(["--help"], {
			out: (line) => lines.push(line),
			err: () => undefined,
			json: false,
		});
		return `${lines.join("\n")}\n`;
	},
};

export default doctor;
