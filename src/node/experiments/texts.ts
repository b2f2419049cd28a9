import type { ExperimentTexts } from "../../admin/chaos.ts";
import { ProblemError } from "../../admin/problem.ts";
import { readExperimentText, readPresets } from "../../config/files/presets.ts";
import { StuntdoubleError } from "../../core/errors.ts";

/** What reads experiments that are not JSON yet. */
export const experimentTexts: ExperimentTexts = {
  presets: readPresets,
  read(text) {
    try {
      return readExperimentText(text, "experiment");
    } catch (error) {
      if (error instanceof StuntdoubleError) throw new ProblemError(400, `It cannot be read. ${error.message}`);
      throw error;
    }
  },
};
