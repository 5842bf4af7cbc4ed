"""The Bitcoin network as a buyer of power: subsidy, difficulty, fees, hashprice, fleets of machines."""
