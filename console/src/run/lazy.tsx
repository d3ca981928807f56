export { lazily } from "../ui/lazy";
