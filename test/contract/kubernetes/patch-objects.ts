import { named } from "./objects.ts";

export const REJECTED = "the server rejected our request due to an error in our request";
export const three = named("a", { data: { x: "1", y: "2", z: "3" } });
export const FORCED = "?fieldManager=contract&force=true";
