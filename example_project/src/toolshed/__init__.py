"""A street shares its tools: who has the drill, and when is it back?"""
