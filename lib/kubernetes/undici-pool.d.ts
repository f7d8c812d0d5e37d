/** The one part of undici this room uses; the package's index would load (and bundle) all of it. */
declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";
  export default Pool;
}
