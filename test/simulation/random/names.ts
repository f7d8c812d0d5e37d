/** The resource a simulation is about. */
export const RESOURCE = "ingesters";
export const ZONES = ["zone-a", "zone-b", "zone-c"];
