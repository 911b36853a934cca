import type { Passthrough } from "../command.ts";

const serve: Passthrough = {
	async passthrough(argv) {
		const { serve } = await import("../../server/main.ts");
		return await serve(argv);
	},
	async help() {
		const { serveHelp } = await import("../../server/main.ts");
		return endLine(serveHelp());
	},
};

export default serve;

function endLine(text: string): string {
	return text.endsWith("\n") ? text : `${text}\n`;
}
