import { StuntdoubleError } from "../../core/errors.ts";
import { parseWords, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { findProfile } from "./find.ts";
import { refuseToOverwrite, writeText } from "./output.ts";
import { previewPage } from "../../core/simulator/preview/page.ts";
import { previewText } from "./preview-text.ts";

const formats = { text: previewText, html: previewPage } as const;

/** `stuntdouble profile preview` */
export async function preview(args: readonly string[], io: Io): Promise<number> {
  const { flags, words } = parseWords(args, { format: "string", output: "string", force: "boolean" });
  const [named, ...more] = words;
  if (named === undefined || more.length > 0)
    throw new StuntdoubleError("CONFIG_INVALID", "expected one profile, as in: stuntdouble profile preview gpt-4o");
  const { format = "text", output, force = false } = flags;
  if (format !== "text" && format !== "html")
    throw new StuntdoubleError("CONFIG_INVALID", `--format must be text or html, not "${format}".`);
  if (output !== undefined) refuseToOverwrite({ file: output, force }, io);
  const text = formats[format](await findProfile(named, io));
  if (output === undefined) io.out(text);
  else await writeText({ file: output, force }, text, io);
  return exitCodes.good;
}
