CHEATS = []
